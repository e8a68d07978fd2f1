//! Stock extension `horde_facilitator` of the ComputeHorde validator.
