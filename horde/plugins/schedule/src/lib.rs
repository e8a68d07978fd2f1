//! Stock extension `horde_schedule` of the ComputeHorde validator.
