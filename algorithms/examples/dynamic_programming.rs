//! `dynamic_programming` as a module for the worker.

tig_algorithms::export_algorithm!(knapsack, tig_algorithms::dynamic_programming::solve);
