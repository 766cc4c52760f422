//! Kantata.
