//! The exports that make a module an algorithm (tig-protocol.md section 22.1).

use wasmtime::{ExternType, FuncType, Module, ValType};

use crate::error::BadModule;

/// # Errors
/// An export is missing or of another type.
pub(super) fn check_exports(module: &Module) -> Result<(), BadModule> {
    let has = |name: &str, fits: &dyn Fn(&ExternType) -> bool| {
        module.get_export(name).is_some_and(|ty| fits(&ty))
    };
    if !has("memory", &|ty| matches!(ty, ExternType::Memory(_))) {
        return Err(BadModule::Export("a memory `memory`"));
    }
    if !has("init", &|ty| is_function(ty, 1)) {
        return Err(BadModule::Export("a function `init` of type (i32) -> i32"));
    }
    if !has("entry_point", &|ty| is_function(ty, 2)) {
        return Err(BadModule::Export(
            "a function `entry_point` of type (i32, i32) -> i32",
        ));
    }
    Ok(())
}

fn is_function(ty: &ExternType, num_params: usize) -> bool {
    let is_i32 = |value: ValType| matches!(value, ValType::I32);
    let fits = |function: &FuncType| {
        function.params().len() == num_params
            && function.params().all(is_i32)
            && function.results().len() == 1
            && function.results().all(is_i32)
    };
    matches!(ty, ExternType::Func(function) if fits(function))
}
