//! The firm whose year is played.
