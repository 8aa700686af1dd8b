//! The vector instructions of the CPU kernels.

use mitsume_kernels::Isa;

/// The environment variable that limits the CPU kernels to an instruction set, for benchmarks and
/// bug reports. A variable rather than an option, so that it reaches the runs of a sweep, Slurm's
/// tasks and Python.
pub const INSTRUCTION_SET_VARIABLE: &str = "MITSUME_MAX_ISA";

/// An instruction set that cannot be chosen.
#[derive(Debug, thiserror::Error)]
pub enum InstructionSetError {
    /// Unknown, or not of this machine.
    #[error(
        "{INSTRUCTION_SET_VARIABLE}: no instruction set \"{name}\" on this machine: one of {}",
        available.join(", ")
    )]
    NotAvailable {
        /// The name given.
        name: String,
        /// Those of this machine.
        available: Vec<&'static str>,
    },
    /// Another was chosen before.
    #[error("{INSTRUCTION_SET_VARIABLE}: \"{name}\", but this process is limited to {chosen}")]
    Chosen {
        /// The name given.
        name: String,
        /// The one chosen.
        chosen: &'static str,
    },
}

/// The instruction set that the CPU kernels run on: `avx512bf16`, `avx512`, `avx2`, `neon` or `fallback`.
pub fn instruction_set() -> &'static str {
    Isa::best().name()
}

/// Limits the CPU kernels, for the rest of the process, to the instruction set that
/// [`INSTRUCTION_SET_VARIABLE`] names, if it is set. Burn's own operations choose theirs
/// themselves. To be called before anything is computed.
///
/// # Errors
/// A set that this machine has not, or a second, different one.
pub fn limit_instruction_set() -> Result<(), InstructionSetError> {
    let Some(name) = std::env::var_os(INSTRUCTION_SET_VARIABLE).filter(|name| !name.is_empty())
    else {
        return Ok(());
    };
    let name = name.to_string_lossy().into_owned();
    let Some(isa) = Isa::from_name(&name) else {
        let available = Isa::available().into_iter().map(Isa::name).collect();
        return Err(InstructionSetError::NotAvailable { name, available });
    };
    isa.limit().map_err(|chosen| InstructionSetError::Chosen {
        name,
        chosen: chosen.name(),
    })
}
