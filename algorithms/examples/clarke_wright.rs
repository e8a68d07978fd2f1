//! `clarke_wright` as a module for the worker.

tig_algorithms::export_algorithm!(vehicle_routing, tig_algorithms::clarke_wright::solve);
