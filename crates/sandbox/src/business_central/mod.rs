//! BusinessCentral.
