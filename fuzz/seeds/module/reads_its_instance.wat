;; Adds the bytes of its instance up, in a loop with a branch.
(module
  (memory (export "memory") 1)
  (func (export "init") (param i32) (result i32) i32.const 1024)
  (func (export "entry_point") (param $at i32) (param $left i32) (result i32)
    (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (i32.store (i32.const 16) (local.get $sum))
    i32.const 16))
