//! The same modules under the interpreter that operators used before.

use tig_bench_report::Result;
use wasmi::{Config, Engine, Linker, Module, Store};

/// A module, parsed.
pub(crate) struct Parsed {
    engine: Engine,
    module: Module,
}

impl Parsed {
    /// An engine and the module in it, rebuilt as the earlier worker does for every nonce.
    pub(crate) fn new(wasm: &[u8]) -> Result<Self> {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, wasm)?;
        Ok(Self { engine, module })
    }

    /// Runs the module on an instance: the bytes after the length of the result block.
    pub(crate) fn run(&self, instance: &[u8]) -> Result<Vec<u8>> {
        let mut store = Store::new(&self.engine, ());
        store.set_fuel(tig_worker::Limits::default().max_fuel)?;
        let guest = Linker::new(&self.engine)
            .instantiate(&mut store, &self.module)?
            .start(&mut store)?;
        let memory = guest.get_memory(&store, "memory").ok_or("no memory")?;
        let init = guest.get_typed_func::<i32, i32>(&store, "init")?;
        let entry_point = guest.get_typed_func::<(i32, i32), i32>(&store, "entry_point")?;
        let length = i32::try_from(instance.len())?;
        let address = init.call(&mut store, length)?;
        memory.write(&mut store, address.cast_unsigned() as usize, instance)?;
        let start = entry_point.call(&mut store, (address, length))?;
        let start = start.cast_unsigned() as usize;
        let mut length = [0; 4];
        memory.read(&store, start, &mut length)?;
        let mut stream = vec![0; u32::from_le_bytes(length) as usize];
        memory.read(&store, start + length.len(), &mut stream)?;
        Ok(stream)
    }
}
