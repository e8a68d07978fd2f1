//! `random_flip` as a module for the worker.

tig_algorithms::export_algorithm!(satisfiability, tig_algorithms::random_flip::solve);
