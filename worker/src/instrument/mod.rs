//! Rewrites a module so that it counts its fuel and keeps a 64-bit state of its execution.
//!
//! *Fuel*: `fuel` says what costs how much, `meter` counts it. The start function becomes an export, so that the host can
//! grant fuel before it runs.
//!
//! *State* (see `fingerprint` for what it is worth): between two *steps* (entry of a function, turn of a loop, return from a
//! call, each of which scrambles the whole state) the code has no way back, so every *point* in between is executed at most
//! once. There it is enough to add: a number of the place records which way was taken, the value times a number of the
//! place records what was stored. Additions are cheap, order cannot get lost, and only the steps are a chain of dependent
//! operations.
//!
//! Each lives in a new global, and in a new local while a function runs.
//!
//! Invariant: results and traps of the module are those of the original, unless its fuel is used up. Only new locals and
//! globals are written, nothing else that is added can trap, and what is added is free.

mod body;
mod fold;
mod fuel;
mod meter;
mod opcode;
mod scratch;
mod state;
#[cfg(test)]
mod tests;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType,
    ImportSection, Module, RawSection, SectionId, ValType,
};
use wasmparser::{
    CustomSectionReader, ExportSectionReader, FunctionBody, GlobalSectionReader,
    ImportSectionReader, Parser, Payload,
};

use crate::error::BadModule;
use crate::limits::{TABLE_ELEMENTS_MAX, TABLES_MAX};

use body::{Body, Error};
use scratch::LOCALS;

pub(crate) use meter::OUT_OF_FUEL;

/// The state before the first step.
pub(crate) const STATE_AT_START: u64 = 0x97b6_9fca_e669_84bf;

/// The export that names the state.
pub(crate) const STATE_EXPORT: &str = "state";
/// The export that names the fuel that is left, or [`OUT_OF_FUEL`]. The host sets it before anything runs.
pub(crate) const FUEL_EXPORT: &str = "fuel";
/// The export that names the start function, if there is one.
pub(crate) const START_EXPORT: &str = "start";
/// The exports of the guest ABI. The host uses no others of a guest, so they are dropped and cannot clash with ours.
const GUEST_EXPORTS: [&str; 3] = ["memory", "init", "entry_point"];

/// Rewrites a valid module.
pub(crate) fn instrument(wasm: &[u8]) -> Result<Vec<u8>, BadModule> {
    rewrite(wasm).map_err(|error| match error {
        Error::UserError(error) => error,
        error => BadModule::Invalid(error.to_string()),
    })
}

fn rewrite(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let (wasm, start) = without_start(wasm)?;
    let mut pass = Pass {
        start,
        ..Pass::default()
    };
    let mut module = Module::new();
    pass.parse_core_module(&mut module, Parser::new(0), &wasm)?;
    Ok(module.finish())
}

/// The module without its start section, which a rewriting cannot leave out by itself, and the start function.
fn without_start(wasm: &[u8]) -> Result<(Vec<u8>, Option<u32>), Error> {
    let (mut module, mut start) = (Module::new(), None);
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Payload::StartSection { func, .. } = payload {
            start = Some(func);
        } else if let Some((id, range)) = payload.as_section() {
            let data = &wasm[range];
            module.section(&RawSection { id, data });
        }
    }
    Ok((module.finish(), start))
}

/// The global of the state, behind those of the original.
fn state_global(globals: &[ValType]) -> u32 {
    globals.len() as u32
}

/// The global of the fuel.
fn fuel_global(globals: &[ValType]) -> u32 {
    state_global(globals) + 1
}

#[derive(Default)]
struct Pass {
    /// The start function.
    start: Option<u32>,
    /// Parameters of each type that is a function.
    type_params: Vec<u32>,
    /// Types of the functions, in order.
    functions: Vec<u32>,
    /// Types of the original globals.
    globals: Vec<ValType>,
    globals_written: bool,
    bodies: usize,
    /// Places numbered so far.
    places: u64,
}

impl Pass {
    fn add_globals(&mut self, globals: &mut GlobalSection) {
        let ty = GlobalType {
            val_type: ValType::I64,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &ConstExpr::i64_const(STATE_AT_START.cast_signed()));
        globals.global(ty, &ConstExpr::i64_const(0));
        self.globals_written = true;
    }
}

impl Reencode for Pass {
    type Error = BadModule;

    fn parse_import_section(
        &mut self,
        _imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        match section.into_imports().next().transpose()? {
            None => Ok(()),
            Some(import) => Err(Error::UserError(BadModule::Import {
                module: import.module.to_owned(),
                name: import.name.to_owned(),
            })),
        }
    }

    fn parse_type_section(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        for group in section.clone() {
            for ty in group?.types() {
                let params = match &ty.composite_type.inner {
                    wasmparser::CompositeInnerType::Func(ty) => ty.params().len(),
                    _ => 0,
                };
                self.type_params.push(params as u32);
            }
        }
        reencode::utils::parse_type_section(self, types, section)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut wasm_encoder::FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        self.functions = section.clone().into_iter().collect::<Result<_, _>>()?;
        reencode::utils::parse_function_section(self, functions, section)
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<(), Error> {
        for global in section.clone() {
            let ty = self.val_type(global?.ty.content_type)?;
            self.globals.push(ty);
        }
        reencode::utils::parse_global_section(self, globals, section)?;
        self.add_globals(globals);
        Ok(())
    }

    /// The engine has no slot for more, and says so only when all is compiled.
    fn parse_table_section(
        &mut self,
        tables: &mut wasm_encoder::TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Result<(), Error> {
        let mut largest = 0;
        for table in section.clone() {
            largest = largest.max(table?.ty.initial);
        }
        if section.count() > TABLES_MAX || largest > TABLE_ELEMENTS_MAX {
            return Err(Error::UserError(BadModule::Tables {
                tables: section.count(),
                elements: largest,
            }));
        }
        reencode::utils::parse_table_section(self, tables, section)
    }

    /// A module without globals gets its global section where the order of sections wants it.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), Error> {
        let late = !matches!(
            before,
            Some(
                SectionId::Type
                    | SectionId::Import
                    | SectionId::Function
                    | SectionId::Table
                    | SectionId::Memory
                    | SectionId::Tag
                    | SectionId::Global
            )
        );
        if late && !self.globals_written {
            let mut globals = GlobalSection::new();
            self.add_globals(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        for export in section {
            let export = export?;
            if GUEST_EXPORTS.contains(&export.name) {
                self.parse_export(exports, export)?;
            }
        }
        let (state, fuel) = (state_global(&self.globals), fuel_global(&self.globals));
        exports.export(STATE_EXPORT, ExportKind::Global, state);
        exports.export(FUEL_EXPORT, ExportKind::Global, fuel);
        if let Some(start) = self.start {
            exports.export(START_EXPORT, ExportKind::Func, start);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        let params = self
            .functions
            .get(self.bodies)
            .and_then(|&ty| self.type_params.get(ty as usize))
            .copied()
            .unwrap_or(0);
        self.bodies += 1;
        let mut locals = Vec::new();
        let mut num_locals = params;
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            num_locals = num_locals.saturating_add(count);
            locals.push((count, self.val_type(ty)?));
        }
        locals.extend(LOCALS.map(|ty| (1, ty)));
        let mut body = Body::new(
            Function::new(locals),
            num_locals,
            &self.globals,
            &mut self.places,
            body,
        );
        code.function(&body.rewrite()?);
        Ok(())
    }

    /// Names and the like do not matter to an execution.
    fn parse_custom_section(
        &mut self,
        _module: &mut Module,
        _section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        Ok(())
    }
}
