"""The right to call: at most N calls in any window, one gate for calls of every kind."""
