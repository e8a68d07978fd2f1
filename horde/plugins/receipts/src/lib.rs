//! Stock extension `horde_receipts` of the ComputeHorde validator.
