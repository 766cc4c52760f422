//! Limits of an event's envelope. The event's whole size is the intake's affair.

/// Characters of an attribute's name. The standard advises 20 and allows more.
pub const NAME_CHARS_MAX: usize = 64;
/// Bytes of an attribute's text.
pub const ATTRIBUTE_BYTES_MAX: usize = 1_024;
/// Extension attributes of one event.
pub const EXTENSIONS_MAX: usize = 64;
/// Levels of nesting in `data`.
pub const DATA_DEPTH_MAX: usize = 32;
/// Characters of a name from the sender that a message repeats.
pub const QUOTED_CHARS_MAX: usize = 40;
