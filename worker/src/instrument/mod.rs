//! Rewrites a module so that it keeps a 64-bit state of its execution (see `fingerprint` for what that is worth).
//!
//! The state lives in a new global, and in a new local while a function runs. Between two *steps* (entry of a function,
//! turn of a loop, return from a call, each of which scrambles the whole state) the code has no way back, so every
//! *point* in between is executed at most once. There it is enough to add: a number of the place records which way was
//! taken, the value times a number of the place records what was stored. Additions are cheap, order cannot get lost, and
//! only the steps are a chain of dependent operations.
//!
//! Invariant: results, traps and fuel of the module are those of the original. Only new locals and the new global are
//! written, nothing that is added can trap, and what is added is free (see `fuel`).

mod body;
mod fold;
mod fuel;
mod opcode;
#[cfg(test)]
mod tests;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType,
    ImportSection, Module, SectionId, ValType,
};
use wasmparser::{
    CustomSectionReader, ExportSectionReader, FunctionBody, GlobalSectionReader,
    ImportSectionReader, Parser,
};

use crate::error::BadModule;
use crate::limits::{TABLE_ELEMENTS_MAX, TABLES_MAX};

use body::{Body, Error, LOCALS};

pub(crate) use fuel::operator_cost;

/// The state before the first step.
pub(crate) const STATE_AT_START: u64 = 0x97b6_9fca_e669_84bf;

/// The export that names the state.
pub(crate) const STATE_EXPORT: &str = "state";
/// The exports of the guest ABI. The host uses no others, so they are dropped and cannot clash with the state's.
const GUEST_EXPORTS: [&str; 3] = ["memory", "init", "entry_point"];

/// Rewrites a valid module.
pub(crate) fn instrument(wasm: &[u8]) -> Result<Vec<u8>, BadModule> {
    let mut module = Module::new();
    match Pass::default().parse_core_module(&mut module, Parser::new(0), wasm) {
        Ok(()) => Ok(module.finish()),
        Err(Error::UserError(error)) => Err(error),
        Err(error) => Err(BadModule::Invalid(error.to_string())),
    }
}

#[derive(Default)]
struct Pass {
    /// Parameters of each type that is a function.
    type_params: Vec<u32>,
    /// Types of the functions, in order.
    functions: Vec<u32>,
    /// Types of the original globals.
    globals: Vec<ValType>,
    state_written: bool,
    bodies: usize,
    /// Places numbered so far.
    places: u64,
}

impl Pass {
    fn add_state(&mut self, globals: &mut GlobalSection) {
        let ty = GlobalType {
            val_type: ValType::I64,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &ConstExpr::i64_const(STATE_AT_START.cast_signed()));
        self.state_written = true;
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
        self.add_state(globals);
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
        if late && !self.state_written {
            let mut globals = GlobalSection::new();
            self.add_state(&mut globals);
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
        exports.export(STATE_EXPORT, ExportKind::Global, self.globals.len() as u32);
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
