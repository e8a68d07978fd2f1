//! Stock extension `horde_score` of the ComputeHorde validator.
