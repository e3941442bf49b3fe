"""What becomes of a learner's tries: results, progress, hints, a reset, a tour of it all."""
