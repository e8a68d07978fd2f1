//! `ruin_recreate` as a module for the worker.

tig_algorithms::export_algorithm!(vehicle_routing, tig_algorithms::ruin_recreate::solve);
