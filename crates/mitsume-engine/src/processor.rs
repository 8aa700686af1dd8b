//! The processor, with the instruction set that the kernels run on.

use mitsume_artifacts::Cpu;

/// The processor of this machine.
pub(crate) fn processor() -> Cpu {
    Cpu {
        kernels: Some(mitsume_nn::instruction_set().to_owned()),
        ..Cpu::detect()
    }
}
