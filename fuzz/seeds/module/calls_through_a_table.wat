;; Chooses among functions by a table, one of which is missing and one of another type.
(module
  (type $step (func (param i64) (result i64)))
  (memory (export "memory") 1)
  (table 4 funcref)
  (elem (i32.const 0) $double $halve $other)
  (global $state (mut i64) (i64.const 1))
  (func $double (type $step) (i64.shl (local.get 0) (i64.const 1)))
  (func $halve (type $step) (i64.shr_u (local.get 0) (i64.const 1)))
  (func $other (result i32) i32.const 1)
  (func (export "init") (param i32) (result i32) i32.const 8)
  (func (export "entry_point") (param $at i32) (param i32) (result i32)
    (global.set $state
      (call_indirect (type $step) (global.get $state) (i32.and (i32.load (local.get $at)) (i32.const 3))))
    (i32.wrap_i64 (global.get $state))))
