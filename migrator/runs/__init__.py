"""The use cases: what the commands do, and what Python programs can call.

Owns the wiring of the adapters, which happens nowhere else. `running.run` is the main job.
"""
