//! Five convolutional classifiers as trunk and head, the head with its own vector-Jacobian product.
