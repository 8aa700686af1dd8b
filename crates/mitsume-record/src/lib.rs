//! What a run leaves on disk: configuration, curves, evaluations, written whole.
