//! `linear_scan` as a module for the worker.

tig_algorithms::export_algorithm!(vector_search, tig_algorithms::linear_scan::solve);
