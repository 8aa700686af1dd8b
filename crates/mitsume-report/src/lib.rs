//! Pictures and self-contained HTML pages of where a classifier looks.
