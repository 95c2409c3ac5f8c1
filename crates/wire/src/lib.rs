//! What browser and relay say to each other.
