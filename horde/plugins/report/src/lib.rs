//! Stock extension `horde_report` of the ComputeHorde validator.
