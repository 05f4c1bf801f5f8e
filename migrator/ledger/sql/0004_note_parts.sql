-- Several rows of one opportunity in one call: the notes of which the carrier's note is made, as a
-- JSON list of pairs, text and whether it is left out since it is confirmed; '' where the note is
-- one row's. entries.note holds what is sent: those not left out, joined by line breaks.
ALTER TABLE entries ADD COLUMN note_parts TEXT NOT NULL DEFAULT '';
