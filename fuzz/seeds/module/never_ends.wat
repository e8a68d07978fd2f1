;; A loop that only fuel ends; its start function has run before.
(module
  (memory (export "memory") 1)
  (data "seed")
  (func $start (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 4)))
  (start $start)
  (func (export "init") (param i32) (result i32) i32.const 1024)
  (func (export "entry_point") (param i32 i32) (result i32)
    (loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) br $again)
    unreachable))
