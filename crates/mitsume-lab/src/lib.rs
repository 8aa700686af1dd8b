//! Training runs, evaluation and checkpoints.
