
val negb : bool -> bool

val option_map : ('a1 -> 'a2) -> 'a1 option -> 'a2 option

val fst : ('a1 * 'a2) -> 'a1

val snd : ('a1 * 'a2) -> 'a2

val length : 'a1 list -> int

val app : 'a1 list -> 'a1 list -> 'a1 list

type comparison =
| Eq
| Lt
| Gt

val pred : int -> int

val add : int -> int -> int

val eqb : bool -> bool -> bool

module Nat :
 sig
  val ltb : int -> int -> bool

  val max : int -> int -> int
 end

module Pos :
 sig
  type mask =
  | IsNul
  | IsPos of Big_int_Z.big_int
  | IsNeg
 end

module Coq_Pos :
 sig
  val succ : Big_int_Z.big_int -> Big_int_Z.big_int

  val add : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val add_carry : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int

  type mask = Pos.mask =
  | IsNul
  | IsPos of Big_int_Z.big_int
  | IsNeg

  val succ_double_mask : mask -> mask

  val double_mask : mask -> mask

  val double_pred_mask : Big_int_Z.big_int -> mask

  val sub_mask : Big_int_Z.big_int -> Big_int_Z.big_int -> mask

  val sub_mask_carry : Big_int_Z.big_int -> Big_int_Z.big_int -> mask

  val sub : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val mul : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val iter : ('a1 -> 'a1) -> 'a1 -> Big_int_Z.big_int -> 'a1

  val div2 : Big_int_Z.big_int -> Big_int_Z.big_int

  val div2_up : Big_int_Z.big_int -> Big_int_Z.big_int

  val size_nat : Big_int_Z.big_int -> int

  val size : Big_int_Z.big_int -> Big_int_Z.big_int

  val compare_cont :
    comparison -> Big_int_Z.big_int -> Big_int_Z.big_int -> comparison

  val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison

  val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val gcdn :
    int -> Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val gcd : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int
 end

module N :
 sig
  val add : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int
 end

module Z :
 sig
  val double : Big_int_Z.big_int -> Big_int_Z.big_int

  val succ_double : Big_int_Z.big_int -> Big_int_Z.big_int

  val pred_double : Big_int_Z.big_int -> Big_int_Z.big_int

  val pos_sub : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val add : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val opp : Big_int_Z.big_int -> Big_int_Z.big_int

  val sub : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val mul : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val compare : Big_int_Z.big_int -> Big_int_Z.big_int -> comparison

  val leb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val ltb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val eqb : Big_int_Z.big_int -> Big_int_Z.big_int -> bool

  val max : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val min : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val abs : Big_int_Z.big_int -> Big_int_Z.big_int

  val to_pos : Big_int_Z.big_int -> Big_int_Z.big_int

  val pos_div_eucl :
    Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int * Big_int_Z.big_int

  val div_eucl :
    Big_int_Z.big_int -> Big_int_Z.big_int ->
    Big_int_Z.big_int * Big_int_Z.big_int

  val div : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val modulo : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val div2 : Big_int_Z.big_int -> Big_int_Z.big_int

  val log2 : Big_int_Z.big_int -> Big_int_Z.big_int

  val gcd : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val shiftl : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val shiftr : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

  val lcm : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int
 end

val hd : 'a1 -> 'a1 list -> 'a1

val tl : 'a1 list -> 'a1 list

val nth : int -> 'a1 list -> 'a1 -> 'a1

val nth_error : 'a1 list -> int -> 'a1 option

val concat : 'a1 list list -> 'a1 list

val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list

val fold_left : ('a1 -> 'a2 -> 'a1) -> 'a2 list -> 'a1 -> 'a1

val fold_right : ('a2 -> 'a1 -> 'a1) -> 'a1 -> 'a2 list -> 'a1

val existsb : ('a1 -> bool) -> 'a1 list -> bool

val forallb : ('a1 -> bool) -> 'a1 list -> bool

val filter : ('a1 -> bool) -> 'a1 list -> 'a1 list

val combine : 'a1 list -> 'a2 list -> ('a1 * 'a2) list

val seq : int -> int -> int list

val repeat : 'a1 -> int -> 'a1 list

type q = { qnum : Big_int_Z.big_int; qden : Big_int_Z.big_int }

type layer = { weights : Big_int_Z.big_int list list;
               weight_den : Big_int_Z.big_int;
               biases : Big_int_Z.big_int list; bias_den : Big_int_Z.big_int;
               relus : bool list }

val no_layer : layer

val chosen : bool list -> 'a1 list -> 'a1 list

val width : layer -> int

type below =
| Idle
| Above of Big_int_Z.big_int option

type 'num kind = { none : 'num; plus : ('num -> 'num -> 'num);
                   opposite : ('num -> 'num); sign : ('num -> comparison);
                   least : ('num -> 'num -> 'num);
                   whole : (Big_int_Z.big_int -> 'num);
                   known : (Big_int_Z.big_int -> 'num);
                   ratio : (Big_int_Z.big_int -> Big_int_Z.big_int -> 'num);
                   multiple : (Big_int_Z.big_int -> 'num -> 'num);
                   times : ('num -> 'num -> 'num);
                   chord : ('num -> Big_int_Z.big_int -> Big_int_Z.big_int ->
                           'num);
                   slope : ('num -> Big_int_Z.big_int -> 'num);
                   affine : (int -> below list -> 'num list -> ('num
                            list * 'num) * Big_int_Z.big_int option);
                   settle : (Big_int_Z.big_int -> 'num ->
                            ('num * Big_int_Z.big_int) list -> 'num);
                   down : ('num -> Big_int_Z.big_int) }

val exponent : Big_int_Z.big_int -> Big_int_Z.big_int option

val div_by :
  Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int ->
  Big_int_Z.big_int

val mul_by :
  Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int ->
  Big_int_Z.big_int

val two_24 : Big_int_Z.big_int

val exponent_24 : Big_int_Z.big_int option

val add_row :
  Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int list ->
  Big_int_Z.big_int list

val sum_rows :
  Big_int_Z.big_int list -> (Big_int_Z.big_int list * Big_int_Z.big_int) list
  -> Big_int_Z.big_int list -> Big_int_Z.big_int -> Big_int_Z.big_int
  list * Big_int_Z.big_int

type packed = { unpacked : layer; den_exponent : Big_int_Z.big_int option;
                digit : Big_int_Z.big_int; half : Big_int_Z.big_int;
                halves : Big_int_Z.big_int; columns : int;
                largest : Big_int_Z.big_int;
                long_rows : (Big_int_Z.big_int * Big_int_Z.big_int) list }

val long : Big_int_Z.big_int -> Big_int_Z.big_int list -> Big_int_Z.big_int

val bits :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
  Big_int_Z.big_int

val digits :
  int -> below list -> Big_int_Z.big_int -> Big_int_Z.big_int ->
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list

val pack : Big_int_Z.big_int -> layer -> packed

val sum_long :
  Big_int_Z.big_int list -> (Big_int_Z.big_int * Big_int_Z.big_int) list ->
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
  (Big_int_Z.big_int * Big_int_Z.big_int) * Big_int_Z.big_int

val few : int -> Big_int_Z.big_int list -> bool

val row_sum :
  packed -> below list -> Big_int_Z.big_int list -> Big_int_Z.big_int
  list * Big_int_Z.big_int

val no_pack : packed

val cut_all :
  Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int list ->
  below list -> Big_int_Z.big_int list * Big_int_Z.big_int option

val fixed_affine :
  packed list -> int -> below list -> Big_int_Z.big_int list ->
  (Big_int_Z.big_int list * Big_int_Z.big_int) * Big_int_Z.big_int option

val fixed_times :
  Big_int_Z.big_int -> Big_int_Z.big_int option -> Big_int_Z.big_int ->
  Big_int_Z.big_int -> Big_int_Z.big_int

val fixed :
  Big_int_Z.big_int -> Big_int_Z.big_int option -> packed list ->
  Big_int_Z.big_int kind

val reduced : Big_int_Z.big_int -> Big_int_Z.big_int -> q

val q_plus : q -> q -> q

val q_times : q -> q -> q

val q_opposite : q -> q

val q_multiple : Big_int_Z.big_int -> q -> q

val common : q list -> Big_int_Z.big_int

val over : Big_int_Z.big_int -> q -> Big_int_Z.big_int

val exact_affine :
  packed list -> int -> below list -> q list -> (q
  list * q) * Big_int_Z.big_int option

val exact : Big_int_Z.big_int -> packed list -> q kind

type fact = Big_int_Z.big_int option * Big_int_Z.big_int option

type region = fact list list

type errors = int -> fact list -> Big_int_Z.big_int list

type hint = { rows : (int * Big_int_Z.big_int) list;
              rows_den : Big_int_Z.big_int;
              betas : (int * ((int * bool) * q)) list;
              alphas : (int * (int * Big_int_Z.big_int)) list }

val no_hint : hint

val at_layer : int -> (int * 'a1) list -> 'a1 list

val add_lists : 'a1 kind -> 'a1 list -> 'a1 list -> 'a1 list

val add_at : 'a1 kind -> int -> 'a1 -> 'a1 list -> 'a1 list

val is_on : fact -> bool

val is_off : fact -> bool

val relu_step :
  'a1 kind -> Big_int_Z.big_int option -> bool -> fact -> 'a1 -> ('a1 * 'a1)
  option

val slope_of :
  int -> (int * Big_int_Z.big_int) list -> Big_int_Z.big_int option

val relu_steps :
  'a1 kind -> (int * Big_int_Z.big_int) list -> int -> bool list -> fact list
  -> 'a1 list -> ('a1 list * 'a1) option

val beta_step :
  'a1 kind -> fact list -> ('a1 list * 'a1) option -> ((int * bool) * q) ->
  ('a1 list * 'a1) option

val floors_under : bool list -> fact list -> below list

val floors : layer list -> int -> fact list -> below list

val loss : 'a1 kind -> Big_int_Z.big_int list -> 'a1 list -> 'a1

type 'num function0 = { at_before : (int -> 'num list);
                        at_after : (int -> 'num list) }

val carry_back :
  'a1 kind -> Big_int_Z.big_int -> layer list -> errors -> region -> hint ->
  'a1 function0 -> int -> 'a1 list -> 'a1 -> ('a1 list * 'a1) option

val unit_function : 'a1 kind -> int -> int -> bool -> 'a1 function0

val z_dot :
  Big_int_Z.big_int list -> Big_int_Z.big_int list -> Big_int_Z.big_int

type noise = { grid : Big_int_Z.big_int;
               error_rows : (Big_int_Z.big_int list * Big_int_Z.big_int) list;
               sizes : Big_int_Z.big_int list }

val div_up : Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int

val size_of : bool -> fact -> Big_int_Z.big_int -> Big_int_Z.big_int

val region_sizes :
  bool list -> fact list -> Big_int_Z.big_int list -> Big_int_Z.big_int list

val masks : layer list -> int -> bool list

val unit_error :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list ->
  (Big_int_Z.big_int list * Big_int_Z.big_int) -> Big_int_Z.big_int

val noise_errors :
  Big_int_Z.big_int -> noise -> bool list -> fact list -> Big_int_Z.big_int
  list

val lost_of :
  Big_int_Z.big_int -> layer list -> noise list -> int -> fact list ->
  Big_int_Z.big_int list

type condition = { place : int; after_relu : bool;
                   terms : Big_int_Z.big_int list;
                   constant : Big_int_Z.big_int;
                   constant_den : Big_int_Z.big_int; strict : bool }

type row = Big_int_Z.big_int * Big_int_Z.big_int list

type claim = { network : layer list; inputs : int; domain : row list;
               strict_rows : row list; conditions : condition list;
               noises : noise list }

val change : int -> ('a1 -> 'a1) -> 'a1 list -> 'a1 list

val raise_low : Big_int_Z.big_int -> fact -> fact

val lower_high : Big_int_Z.big_int -> fact -> fact

val learn : int -> int -> bool -> Big_int_Z.big_int -> region -> region

val single : int -> Big_int_Z.big_int list -> (int * Big_int_Z.big_int) option

val box_row : Big_int_Z.big_int -> region -> row -> region

val horizon : condition list -> int

val reach : condition list -> int

val unknown : fact

val nothing_known : claim -> region

val start : Big_int_Z.big_int -> claim -> region

type path_row =
| SplitRow of region * int * int * bool
   * (Big_int_Z.big_int list * Big_int_Z.big_int) option
| CutRow of int * Big_int_Z.big_int * bool

type path = path_row list

val top_of : int -> hint -> int

val unit_back :
  Big_int_Z.big_int -> claim -> 'a1 kind -> region -> hint -> int -> int ->
  bool -> ('a1 list * 'a1) option

val split_row :
  Big_int_Z.big_int -> claim -> 'a1 kind -> region -> int -> int -> bool ->
  ('a1 list * 'a1) option

val cut_row : 'a1 kind -> int -> Big_int_Z.big_int -> bool -> 'a1 list * 'a1

val row_at :
  'a1 kind -> (path_row -> ('a1 list * 'a1) option) -> row list -> path ->
  int -> ('a1 list * 'a1) option

val subtract_rows :
  claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1) option) -> path ->
  (int * Big_int_Z.big_int) list -> ('a1 list * 'a1) -> ('a1 list * 'a1)
  option

val corner :
  'a1 kind -> 'a1 list -> fact list -> ('a1 * Big_int_Z.big_int) list option

val least_over :
  claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1) option) -> region ->
  path -> hint -> ('a1 list * 'a1) -> 'a1 option option

val unit_least :
  Big_int_Z.big_int -> claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1)
  option) -> region -> path -> hint -> int -> int -> bool ->
  Big_int_Z.big_int option option

val part_of :
  'a1 kind -> condition -> Big_int_Z.big_int -> int -> bool -> 'a1 list

val minus_conditions :
  'a1 kind -> (condition * Big_int_Z.big_int) list -> 'a1 function0

val minus_constants : 'a1 kind -> (condition * Big_int_Z.big_int) list -> 'a1

val refutes :
  Big_int_Z.big_int -> claim -> 'a1 kind -> (path_row -> ('a1 list * 'a1)
  option) -> region -> path -> hint -> (condition * Big_int_Z.big_int) list
  -> bool option

val fixed_row :
  Big_int_Z.big_int kind -> path_row -> (Big_int_Z.big_int
  list * Big_int_Z.big_int) option

val exact_row :
  Big_int_Z.big_int -> claim -> q kind -> path_row -> (q list * q) option

val bound_of :
  Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> region ->
  path -> bool -> hint -> int -> int -> bool -> Big_int_Z.big_int option
  option

val refuted :
  Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> region ->
  path -> bool -> hint -> (condition * Big_int_Z.big_int) list -> bool option

type bound = { b_layer : int; b_unit : int; b_upper : bool; b_exact : 
               bool; b_hint : hint }

type tree =
| Open
| Relu of Big_int_Z.big_int * bound list list * int * int * tree * tree
| Cut of Big_int_Z.big_int * bound list list * int * Big_int_Z.big_int * 
   tree * tree
| No of Big_int_Z.big_int * bound list list * (int * Big_int_Z.big_int) list
   * bool * hint
| Zone of Big_int_Z.big_int * bound list list * int * bound list

type rule =
| Missing_row
| Missing_unit
| Missing_condition
| Missing_zone
| Not_refuted
| Not_in_zone

type verdict =
| Holds of Big_int_Z.big_int
| Broken of Big_int_Z.big_int * rule

val learn_group :
  Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> region ->
  path -> bound list -> region -> region option

val learn_groups :
  Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> path ->
  bound list list -> region -> region option

val contradictory : fact -> bool

val is_empty : region -> bool

val chosen_conditions :
  claim -> (int * Big_int_Z.big_int) list -> (condition * Big_int_Z.big_int)
  list option

val switch_facts : claim -> region -> int -> fact list

val phases_known : fact list -> bool list -> bool

val in_zone : claim -> region -> bool list -> bool

val splittable : claim -> region -> int -> int -> bool

val both : verdict -> verdict -> verdict

val check :
  Big_int_Z.big_int -> claim -> Big_int_Z.big_int kind -> q kind -> bool list
  list -> region -> path -> tree -> verdict

val packs_of : Big_int_Z.big_int -> layer list -> packed list

val check_with :
  Big_int_Z.big_int -> claim -> bool list list -> packed list -> tree ->
  verdict

val check_case :
  Big_int_Z.big_int -> claim -> bool list list -> tree -> verdict

val q_dot : Big_int_Z.big_int list -> q list -> q

val q_pre : layer -> q list -> q list

val q_relu : q -> q

val q_activate : bool list -> q list -> q list

val q_after : layer list -> int -> q list -> q list

val q_before : layer list -> int -> q list -> q list

val q_switches : layer list -> int -> q list -> q list

val q_row_ok : row -> q list -> bool

val q_row_strict : row -> q list -> bool

val q_holds : layer list -> condition -> q list -> bool

val fires_at : claim -> q list -> bool

val q_agree : q -> bool -> bool

val agree_all : q list -> bool list -> bool

val witness_of : claim -> bool list -> q list -> bool

type rounding = { magnitudes : layer; relative : q list; flushed : q list;
                  peak : q }

val relative_error :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int ->
  Big_int_Z.big_int -> q option

type unit_rounding = (Big_int_Z.big_int list * Big_int_Z.big_int) * (q * q)

val units_of : rounding -> unit_rounding list

val error_row :
  Big_int_Z.big_int -> layer -> unit_rounding -> Big_int_Z.big_int
  list * Big_int_Z.big_int

val unit_size :
  Big_int_Z.big_int -> layer -> Big_int_Z.big_int list -> unit_rounding ->
  Big_int_Z.big_int

val covers :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int list ->
  Big_int_Z.big_int list -> bool

val unit_fits :
  layer -> layer -> (Big_int_Z.big_int list * Big_int_Z.big_int) ->
  unit_rounding -> bool

val all_fit :
  layer -> layer -> (Big_int_Z.big_int list * Big_int_Z.big_int) list ->
  unit_rounding list -> bool

val fits : layer -> rounding -> bool

val noises_of :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> layer list
  -> rounding list -> Big_int_Z.big_int list -> noise list option

val input_sizes : fact list -> Big_int_Z.big_int list option

val deploy :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> rounding
  list -> claim -> claim option

type format = { precision : Big_int_Z.big_int;
                least_exponent : Big_int_Z.big_int;
                greatest : Big_int_Z.big_int }

val odd_part : Big_int_Z.big_int -> Big_int_Z.big_int

val float_number : format -> q -> bool

val pinned : q list -> row list

val contrary : condition -> condition

val all_bounds : layer list -> int -> bound list list

val never_fails :
  Big_int_Z.big_int -> Big_int_Z.big_int -> Big_int_Z.big_int -> rounding
  list -> claim -> q list -> condition -> bool

val fires_always :
  Big_int_Z.big_int -> Big_int_Z.big_int -> format -> rounding list -> claim
  -> q list -> bool
