//! `greedy_swap` as a module for the worker.

tig_algorithms::export_algorithm!(knapsack, tig_algorithms::greedy_swap::solve);
