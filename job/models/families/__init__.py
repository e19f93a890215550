"""The families of models of this package, one module each: its part of the spec, and how it is built and checked."""
