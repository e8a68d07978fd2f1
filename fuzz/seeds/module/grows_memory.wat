;; Asks for more pages until there are none, and writes to the last byte.
(module
  (memory (export "memory") 1)
  (func (export "init") (param $bytes i32) (result i32)
    (drop (memory.grow (i32.const 2)))
    i32.const 65536)
  (func (export "entry_point") (param i32 i32) (result i32)
    (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 7))
    (memory.size)))
