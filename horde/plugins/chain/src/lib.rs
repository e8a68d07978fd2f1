//! Stock extension `horde_chain` of the ComputeHorde validator.
