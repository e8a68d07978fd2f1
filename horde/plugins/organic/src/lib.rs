//! Stock extension `horde_organic` of the ComputeHorde validator.
