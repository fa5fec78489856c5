//! Stories of inspection.
