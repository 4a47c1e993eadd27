(* Reads a claim and a certificate and asks the extracted checker.  Not verified: it may misread, but whatever it reads the answer is about.
     exactzones-checker CLAIM.json CERTIFICATE     (- is standard input; the claim is what exactzones/checker/verified.py writes)
   Prints "valid", "invalid: why" or "incomplete: k open leaves", then what a valid certificate proves and how many nodes and zones it has. *)
module C = Checker
module B = Big_int_Z

exception Invalid of string
exception Refused (* the network or the domain does not fit the model of the arithmetic *)
let invalid format = Printf.ksprintf (fun text -> raise (Invalid text)) format

(* JSON *)

type json = Yojson.Safe.t

(* Yojson reads more than JSON: outside strings only what JSON has may stand. *)
let plain line =
  let inside = ref false and escaped = ref false in
  String.iter (fun c ->
    if !inside then
      if !escaped then escaped := false
      else if c = '\\' then escaped := true
      else inside := c <> '"'
    else match c with
      | '"' -> inside := true
      | '[' | ']' | '{' | '}' | ':' | ',' | '-' | '0' .. '9' | ' ' | '\t' | '\r' | '\n'
      | 't' | 'r' | 'u' | 'e' | 'f' | 'a' | 'l' | 's' | 'n' -> ()
      | _ -> invalid "a line is not JSON, or contains a float") line

let parse what line : json =
  if String.length line > 1 lsl 26 then invalid "a line is longer than %d bytes, the limit for certificates" (1 lsl 26);
  plain line;
  try Yojson.Safe.from_string line with Yojson.Json_error _ -> invalid "%s is not JSON, or is truncated" what

let field name = function
  | `Assoc fields -> List.assoc_opt name (List.rev fields)
  | _ -> None

let integer what : json -> B.big_int = function
  | `Int n -> B.big_int_of_int n
  | `Intlit text when String.length text <= 4300 -> B.big_int_of_string text
  | _ -> invalid "%s is not an integer" what

let whole what data =
  let n = integer what data in
  if B.sign_big_int n < 0 then invalid "%s is negative" what else n

(* A number that counts something: larger ones than any list is long are all the same. *)
let index what data =
  let n = whole what data in
  if B.is_int_big_int n then min (B.int_of_big_int n) (1 lsl 40) else 1 lsl 40

let within what low high data =
  let n = index what data in
  if n < low || n > high then invalid "%s is %d; expected an integer from %d to %d" what n low high else n

let text what : json -> string = function `String s -> s | _ -> invalid "%s is not a string" what
let list what : json -> json list = function `List l -> l | _ -> invalid "%s is not a list" what

let digits text =
  let n = String.length text in
  let start = if n > 0 && (text.[0] = '-' || text.[0] = '+') then 1 else 0 in
  let ok = ref (n > start) in
  for i = start to n - 1 do
    match text.[i] with
    | '0' .. '9' -> ()
    | '_' when i > start && i < n - 1 && text.[i - 1] <> '_' -> ()
    | _ -> ok := false
  done;
  if not !ok || n > 20000 then invalid "%s is not a number such as \"-3/4\"" (String.escaped text);
  let kept = String.concat "" (String.split_on_char '_' text) in
  B.big_int_of_string (if kept.[0] = '+' then String.sub kept 1 (String.length kept - 1) else kept)

(* "p/q", as numerator and positive denominator. *)
let rational data =
  let value = text "a number" data in
  if String.length value > 20000 then invalid "a number has more than 20000 digits";
  let top, bottom = match String.index_opt value '/' with
    | None -> value, ""
    | Some i -> String.sub value 0 i, String.sub value (i + 1) (String.length value - i - 1) in
  let p = digits (String.trim top) and q = if bottom = "" then B.unit_big_int else digits (String.trim bottom) in
  match B.sign_big_int q with
  | 0 -> invalid "%s has denominator 0" value
  | 1 -> p, q
  | _ -> B.minus_big_int p, B.minus_big_int q

let point data = List.map (fun n -> let p, q = rational n in { C.qnum = p; qden = q }) (list "a point" data)

(* The claim *)

let positive data = let n = integer "a denominator" data in
  if B.sign_big_int n <= 0 then failwith "the claim has a denominator that is not positive" else n
let need name data = match field name data with Some v -> v | None -> failwith ("the claim has no " ^ name)
let truth = function `Bool b -> b | _ -> failwith "the claim has no truth value where one is expected"
let integers data = List.map (integer "an entry of the claim") (list "a row of the claim" data)

let layer data : C.layer =
  { C.weights = List.map integers (list "weights" (need "weights" data)); weight_den = positive (need "weight_den" data);
    biases = integers (need "biases" data); bias_den = positive (need "bias_den" data);
    relus = List.map truth (list "relu" (need "relu" data)) }

let condition data : C.condition =
  { C.place = index "layer" (need "layer" data) + 1; after_relu = truth (need "after_relu" data); terms = integers (need "terms" data);
    constant = integer "constant" (need "constant" data); constant_den = positive (need "constant_den" data);
    strict = truth (need "strict" data) }

let case network data : C.claim =
  let row entries = match integers entries with b :: a -> b, a | [] -> failwith "the claim has an empty row" in
  { C.network; inputs = index "inputs" (need "inputs" data); domain = List.map row (list "rows" (need "rows" data));
    strict_rows = List.map row (list "strict" (need "strict" data));
    conditions = List.map condition (list "conditions" (need "conditions" data)); noises = [] }

(* Float arithmetic: the format, the relative errors 1 / p and 1 / s of its products and sums, and the roundings of the layers. *)
type arithmetic = { format : C.format; products : B.big_int; sums : B.big_int; roundings : C.rounding list }

let fraction data = let p, q = rational data in { C.qnum = p; qden = q }

let arithmetic layers data =
  let power k = B.power_int_positive_int 2 k in
  let format = { C.precision = integer "precision" (need "precision" data); least_exponent = integer "least" (need "least" data);
                 greatest = integer "largest" (need "largest" data) } in
  let products = power (B.int_of_big_int format.C.precision - 1) and sums = power (index "sums" (need "sums" data) - 1) in
  let rounding data =
    let relative p s = match C.relative_error products sums p s with Some error -> error | None -> failwith "too many roundings in a unit" in
    { C.magnitudes = layer data; relative = List.map2 relative (integers (need "products" data)) (integers (need "sums" data));
      flushed = List.map fraction (list "flushed" (need "flushed" data)); peak = fraction (need "peak" data) } in
  { format; products; sums; roundings = List.map (fun data -> rounding (need "roundings" data)) layers }

(* As many fractional bits as the rows of errors have. *)
let grid_of a = B.power_int_positive_int 2 (B.int_of_big_int a.format.C.precision + 20)

let rec first n = function x :: rest when n > 0 -> x :: first (n - 1) rest | _ -> []

(* The layers that the conditions need. *)
let needed (claim : C.claim) list = first (C.reach claim.C.conditions) list

(* Units: numbered through in the file, by layer and place in the checker. *)

type units = { widths : int array; masks : bool array array; count : int }

let units_of (claim : C.claim) =
  let layers = Array.of_list claim.C.network and horizon = C.horizon claim.C.conditions in
  let masks = Array.init (horizon + 1) (fun n ->
    if n = 0 then Array.make claim.C.inputs false else Array.of_list layers.(n - 1).C.relus) in
  let widths = Array.map Array.length masks in
  { widths; masks; count = Array.fold_left (+) 0 widths }

let locate units u =
  if u >= units.count then invalid "there is no unit %d" u;
  let rec go n u = if u < units.widths.(n) then n, u else go (n + 1) (u - units.widths.(n)) in
  go 0 u

let hidden units u =
  if u < units.widths.(0) || u >= units.count then invalid "there is no hidden unit %d" u else locate units u

(* Nodes *)

let rec pairs = function
  | [] -> []
  | a :: b :: rest -> (a, b) :: pairs rest
  | [ _ ] -> invalid "a list of pairs has an odd number of entries"

let two_32 = B.power_int_positive_int 2 32

let hint units entries : C.hint =
  let entries, betas, alphas = match List.rev entries with
    | `List alphas :: `List betas :: rest -> List.rev rest, betas, alphas
    | _ -> entries, [], [] in
  let characters = List.fold_left (fun n -> function `String s -> n + String.length s | _ -> n) 0 in
  if characters entries + characters betas > 1 lsl 16 then invalid "a hint has multipliers of more than %d characters" (1 lsl 16);
  let multiplier = function
    | `String _ as m -> let p, q = rational m in if B.sign_big_int p < 0 then invalid "a multiplier is negative" else p, q
    | m -> whole "multiplier" m, two_32 in
  let row (r, m) = index "row" r, multiplier m in
  let rows = List.map row (pairs entries) in
  let den = List.fold_left (fun d (_, (_, q)) -> B.div_big_int (B.mult_big_int d q) (B.gcd_big_int d q)) B.unit_big_int rows in
  let over (p, q) = B.mult_big_int p (B.div_big_int den q) in
  let beta (c, m) = let c = index "unit" c in
    let p, q = multiplier m in
    let n, i = hidden units (c lsr 1) in n, ((i, c land 1 = 1), { C.qnum = p; qden = q }) in
  let alpha (u, a) = let u = index "unit" u in
    let a = within "slope" 0 256 a in
    let n, i = hidden units u in n, (i, B.big_int_of_int a) in
  { C.rows = List.map (fun (r, m) -> r, over m) rows; rows_den = den;
    betas = List.map beta (pairs betas); alphas = List.map alpha (pairs alphas) }

let bound units = function
  | `List (code :: entries) ->
      let code = index "bound" code in
      let n, i = locate units (code lsr 2) in
      { C.b_layer = n; b_unit = i; b_upper = code land 1 = 1; b_exact = code land 2 = 2; b_hint = hint units entries }
  | _ -> invalid "a bound is [4 unit + 2 exact + upper, row, multiplier, .., [betas], [alphas]]"

(* Bounds of a node in groups: by layer, those in fixed numbers before those in exact ones. *)
let bounds units data =
  let last = ref 0 in
  let ordered b =
    if b.C.b_layer < !last then invalid "bounds are not in the order of layers";
    last := b.C.b_layer;
    b in
  let found = List.map (fun entry -> ordered (bound units entry)) (list "bounds" data) in
  let rec groups = function
    | [] -> []
    | b :: _ as all ->
        let same, rest = List.partition (fun c -> c.C.b_layer = b.C.b_layer) all in
        let exact, fixed = List.partition (fun c -> c.C.b_exact) same in
        List.filter (fun g -> g <> []) [ fixed; exact ] @ groups rest in
  groups found

type node = {
  case : int;
  children : (int * int) option;
  build : C.tree -> C.tree -> C.tree
}

let node units number bounds tail =
  let number = B.big_int_of_int number in
  match tail with
  | [ `String "relu"; u ] ->
      let n, i = hidden units (index "unit" u) in
      if not units.masks.(n).(i) then invalid "node %s: a unit without ReLU is split" (B.string_of_big_int number);
      true, fun off on -> C.Relu (number, bounds, n, i, off, on)
  | [ `String "cut"; j; c ] ->
      let j = index "input" j and c = integer "cut" c in
      true, fun below above -> C.Cut (number, bounds, j, c, below, above)
  | [ `String "zone"; j; `List also ] ->
      let j = index "zone" j and also = List.map (bound units) also in
      false, fun _ _ -> C.Zone (number, bounds, j, also)
  | [ `String "no"; exact; `List mu; `List entries ] ->
      let exact = within "exact" 0 1 exact = 1 in
      let mu = List.map (fun (k, m) -> index "condition" k, whole "multiplier of a condition" m) (pairs mu) in
      let hint = hint units entries in
      false, fun _ _ -> C.No (number, bounds, mu, exact, hint)
  | _ -> invalid "a node's tail must be relu, cut, zone or no, each with its entries"

(* Version 2: a line has the numbers of bounds and hints in columns, and stands for a line of version 1. *)

let difference = function
  | `Int n when n >= - (1 lsl 40) && n <= 1 lsl 40 -> n
  | _ -> invalid "a column has an entry that is not an integer from -2^40 to 2^40"

let sums column =
  let total = ref 0 in
  List.map (fun d -> total := !total + difference d; `Int !total) column

let rec split_at n = function
  | x :: rest when n > 0 -> let a, b = split_at (n - 1) rest in x :: a, b
  | rest -> [], rest

(* For each hint the list [key; number; key; number; ..] that a group of columns stands for. *)
let entries count : json -> json list list = function
  | `List [] -> List.init count (fun _ -> [])
  | `List [ `List counts; `List keys; `List numbers; `List shifts ] ->
      let counts = List.map (index "a count") counts and length = List.length numbers in
      let shifts = if shifts = [] then List.map (fun _ -> `Int 0) numbers else shifts in
      if List.length counts <> count || List.exists (fun n -> n > length) counts || List.fold_left (+) 0 counts <> length
         || List.length keys <> length || List.length shifts <> length then invalid "columns of wrong lengths";
      let number m s = match within "shift" 0 255 s with
        | 0 -> m
        | s -> let m = difference m in
            if m < 0 then invalid "a multiplier is negative"
            else if s <= 20 then `Int (m lsl s) else `Intlit (B.string_of_big_int (B.mult_int_big_int m (B.power_int_positive_int 2 s))) in
      let rec go counts keys numbers = match counts with
        | [] -> []
        | n :: rest ->
            let mine, keys = split_at n keys and some, numbers = split_at n numbers in
            List.concat (List.map2 (fun k m -> [ k; m ]) (sums mine) some) :: go rest keys numbers in
      go counts keys (List.map2 number numbers shifts)
  | _ -> invalid "a group of columns is [] or [counts, keys, numbers, shifts]"

let expanded : json -> json = function
  | `List [ number; `List units; `List tail; `List groups ] ->
      let more, pairs = match tail with
        | [ `String "zone"; _; `List more ] -> more, []
        | `String "no" :: entries -> [], pairs entries
        | _ -> [], [] in
      let codes = sums units and also = sums more in
      let count = List.length codes + List.length also + List.length pairs in
      let rows, betas, slopes = match List.map (entries count) groups with
        | [] -> let none = entries count (`List []) in none, none, none
        | [ r ] -> let none = entries count (`List []) in r, none, none
        | [ r; b ] -> r, b, entries count (`List [])
        | [ r; b; s ] -> r, b, s
        | _ -> invalid "a node has more than three groups of columns" in
      let hints = List.map2 (fun r (b, s) -> r @ [ `List b; `List s ]) rows (List.map2 (fun b s -> b, s) betas slopes) in
      let of_bounds, rest = split_at (List.length codes) hints in
      let bounds codes hints = `List (List.map2 (fun code hint -> `List (code :: hint)) codes hints) in
      let tail = match tail with
        | [ kind; zone; `List _ ] when also <> [] -> [ kind; zone; bounds also rest ]
        | `String "no" :: _ ->
            `String "no" :: List.concat (List.map2 (fun (exact, mu) hint -> [ exact; mu; `List hint ]) pairs rest)
        | _ -> tail in
      `List [ number; bounds codes of_bounds; `List tail ]
  | line -> line

(* The trees of all cases, and how many nodes there are. *)
let trees version claims next_line =
  let count = Array.length claims in
  let units = Array.map units_of claims in
  let waiting = Hashtbl.create 1024 and made = ref count and nodes = ref [] and total = ref 0 in
  for k = 0 to count - 1 do Hashtbl.replace waiting k (k, 0) done;
  let rec read () = match next_line () with
    | None -> ()
    | Some line ->
        (match let data = parse "a node" line in if version = 1 then data else expanded data with
         | `List [ number; listed; `List tail ] ->
             let number = index "number of a node" number in
             (match Hashtbl.find_opt waiting number with
              | None -> invalid "node %d: there is no such region, or an earlier line has closed it" number
              | Some (case, depth) ->
                  Hashtbl.remove waiting number;
                  incr total;
                  (try
                    let splits, build = node units.(case) number (bounds units.(case) listed) tail in
                    if splits && depth > units.(case).count + 1000 then invalid "%d splits lead to it, more than are allowed" depth;
                    let children = if splits then begin
                      let a = !made in
                      made := a + 2;
                      Hashtbl.replace waiting a (case, depth + 1); Hashtbl.replace waiting (a + 1) (case, depth + 1);
                      Some (a, a + 1) end else None in
                    nodes := (number, { case; children; build }) :: !nodes
                  with Invalid why -> invalid "node %d: %s" number why))
         | _ -> invalid "a node is [number, [bound, ..], tail]");
        read () in
  read ();
  let built = Hashtbl.create 1024 in
  let take k = match Hashtbl.find_opt built k with Some t -> Hashtbl.remove built k; t | None -> C.Open in
  List.iter (fun (number, node) ->
    let a, b = match node.children with Some (i, j) -> let b = take j in take i, b | None -> C.Open, C.Open in
    Hashtbl.replace built number (node.build a b)) !nodes;
  Array.init count take, !total

let why = function
  | C.Missing_row -> "there is no such row"
  | C.Missing_unit -> "there is no such unit"
  | C.Missing_condition -> "there is no such condition"
  | C.Missing_zone -> "there is no such zone"
  | C.Not_refuted -> "the bound does not show that the conditions cannot hold together"
  | C.Not_in_zone -> "the region is not proved to lie in the zone"

(* Zones: a text of + and - per layer with ReLUs; the checker has all signs of a pattern in one list. *)
let pattern (claim : C.claim) j parts =
  let horizon = C.horizon claim.C.conditions in
  let relus (l : C.layer) = List.length (List.filter Fun.id l.C.relus) in
  let expected = List.filter (fun n -> n > 0) (List.map relus (List.filteri (fun k _ -> k < horizon) claim.C.network)) in
  if List.map String.length parts <> expected then invalid "zone %d: the pattern does not fit the network" j;
  List.map (function '+' -> true | '-' -> false | _ -> invalid "zone %d: a pattern has + and - only" j)
    (List.of_seq (String.to_seq (String.concat "" parts)))

type answer = Valid of string * int * int | Incomplete of string

(* What the claim is about in the arithmetic: with errors of its layers, for certificates of so many bits. *)
let deployed floats unit (claim : C.claim) = match floats with
  | None -> claim
  | Some a ->
      let short = { claim with C.network = needed claim claim.C.network } in
      match C.deploy unit (grid_of a) a.format.C.greatest (needed claim a.roundings) short with
      | Some claim -> claim
      | None -> raise Refused

let fires floats unit (claim : C.claim) x = match floats with
  | None -> C.fires_at claim x
  | Some a ->
      let short = { claim with C.network = needed claim claim.C.network } in
      C.fires_always unit (grid_of a) a.format (needed claim a.roundings) short x

let check claim next_line =
  let header = match next_line () with Some line -> parse "the header" line | None -> invalid "the file is empty" in
  if field "format" header <> Some (`String "exactzones certificate") then invalid "not a certificate";
  let version = match field "version" header with Some (`Int (1 | 2 as n)) -> n | _ -> invalid "the certificate has another version" in
  let get name default = match field name header with Some v -> v | None -> default in
  let zone = function
    | `List [ `List parts; witness ] -> List.map (text "pattern") parts, point witness
    | _ -> invalid "header: zones is a list of [pattern, witness]" in
  let zones = List.map zone (list "zones" (get "zones" (`List []))) in
  ignore (text "verdict" (get "verdict" `Null));
  let bits = within "bits" 16 1024 (get "bits" (`Int 24)) and cases = within "cases" 0 (1 lsl 31) (get "cases" (`Int 1)) in
  let chosen = within "case" 0 (1 lsl 31) (get "case" (`Int 0)) in
  let witness = match get "witness" `Null with `Null -> None | data -> Some (point data) in
  if get "network" `Null <> need "sha256" claim then begin
    ignore (text "network" (get "network" `Null));
    invalid "the certificate is about another network (its SHA-256 differs)"
  end;
  let layers = list "layers" (need (if field "arithmetic" claim = None then "layers" else "rounded_layers") claim) in
  let network = List.map layer layers in
  let floats = Option.map (arithmetic layers) (field "arithmetic" claim) in
  let unit = B.power_int_positive_int 2 bits in
  let claims = Array.of_list (List.map (case network) (list "cases" (need "cases" claim))) in
  match witness with
  | Some x ->
      if chosen < Array.length claims && fires floats unit claims.(chosen) x then Valid ("can fire", 0, 0)
      else invalid "the witness does not have the property, or is not in the domain"
  | None ->
      if cases <> Array.length claims then invalid "the certificate has %d cases, the claim %d" cases (Array.length claims);
      if zones <> [] && cases <> 1 then invalid "a list of zones belongs to one case";
      let texts = List.map (fun (parts, _) -> String.concat "" parts) zones in
      if List.length (List.sort_uniq compare texts) < List.length texts then invalid "two zones have the same pattern";
      let trees, nodes = trees version claims next_line in
      let patterns = List.mapi (fun j (parts, _) -> pattern claims.(0) j parts) zones in
      if floats <> None && zones <> [] then invalid "a certificate that lists zones must be about real arithmetic";
      let claims = Array.map (deployed floats unit) claims in
      let left = ref B.zero_big_int in
      Array.iteri (fun k tree -> match C.check_case unit claims.(k) patterns tree with
        | C.Holds n -> left := B.add_big_int !left n
        | C.Broken (number, rule) -> invalid "node %s: %s" (B.string_of_big_int number) (why rule)) trees;
      List.iteri (fun j (_, x) ->
        if not (C.witness_of claims.(0) (List.nth patterns j) x) then
          invalid "zone %d: its witness does not have the property, is not in the domain, or not in the closed cell of its pattern" j) zones;
      if B.sign_big_int !left > 0 then Incomplete (B.string_of_big_int !left)
      else Valid ((if zones = [] then "cannot fire" else "complete"), nodes, List.length zones)

let () =
  match Sys.argv with
  | [| _; claim; certificate |] ->
      let claim = Yojson.Safe.from_file claim in
      let channel = if certificate = "-" then stdin else open_in_bin certificate in
      let next_line () = try Some (input_line channel) with End_of_file -> None in
      let status = try
        match check claim next_line with
        | Valid (proves, nodes, zones) -> Printf.printf "valid\n%s\n%d\n%d\n" proves nodes zones; 0
        | Incomplete count -> Printf.printf "incomplete: %s open leaves\n" count; 3
      with
        | Refused -> 4
        | Invalid reason -> Printf.printf "invalid: %s\n" reason; 1
        | Stack_overflow -> print_string "invalid: the tree is too deep\n"; 1 in
      exit status
  | _ -> prerr_endline "usage: exactzones-checker CLAIM.json CERTIFICATE"; exit 2
