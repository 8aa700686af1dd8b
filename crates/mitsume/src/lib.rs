//! Grad-CAM, the gaze consistency metric and the training loss built on it.
