//! Fused CPU operations for small convolutional classifiers, forward and backward, channels last.
