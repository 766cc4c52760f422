//! NetSuite.
