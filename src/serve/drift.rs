//! Whether what is asked still looks like what a model was calibrated on.
