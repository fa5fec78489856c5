//! Stories of publication.
