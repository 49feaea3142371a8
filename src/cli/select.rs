//! Selectors: how runs and studies are named on the command line.
