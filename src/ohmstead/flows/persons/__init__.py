"""What becomes of records when a person asks to be told, or to be forgotten."""
