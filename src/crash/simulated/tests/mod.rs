//! The simulated disk has the kernel's errors, every loss that a careless protocol risks, and none that a careful one excludes.

mod durability;
mod faults;
mod kernel;
mod names;
mod probes;
