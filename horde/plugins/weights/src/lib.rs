//! Stock extension `horde_weights` of the ComputeHorde validator.
