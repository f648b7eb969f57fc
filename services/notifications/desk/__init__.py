"""The desk of messages: what did not arrive, whom to call with what words, and the own inbox."""
