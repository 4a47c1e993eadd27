(** Errors of computed pre-activations on a region, from what is known of the values that a layer takes. *)
From Coq Require Import List ZArith Lia Bool.
From Exactzones Require Import Numbers Linear Network Kinds Execution Backward.
Import ListNotations.
Local Open Scope Z_scope.

(** For a layer: |z_j - (W a + b)_j| <= (e_j + E_j . |a|) / grid, and bounds on |a| on the whole domain, as multiples of 2^-bits. *)
Record noise := Noise { grid : positive; error_rows : list (list Z * Z); sizes : list Z }.

(** Division, rounded up. *)
Definition div_up (a : Z) (d : positive) : Z := - (- a / Zpos d).

Section Compute.
Variable u : positive.
Variable net : list layer.

(** What is known of the absolute value of an activation. *)
Definition size_of (m : bool) (f : fact) (size : Z) : Z :=
  match f with
  | (low, Some h) =>
      if m then Z.min size (Z.max h 0)
      else match low with Some l => Z.min size (Z.max (Z.abs l) (Z.abs h)) | None => size end
  | (_, None) => size
  end.
Fixpoint region_sizes (ms : list bool) (fs : list fact) (all : list Z) : list Z :=
  match all, fs with
  | size :: all', f :: fs' => size_of (hd false ms) f size :: region_sizes (tl ms) fs' all'
  | _, _ => all
  end.
(** Which of the values that layer i takes come out of a ReLU. *)
Definition masks (i : nat) : list bool := match i with O => [] | S j => relus (nth j net no_layer) end.

Definition unit_error (grid : positive) (ts : list Z) (c : list Z * Z) : Z := Z.max 0 (div_up (snd c * Zpos u + z_dot (fst c) ts) grid).
Definition noise_errors (n : noise) (ms : list bool) (fs : list fact) : list Z :=
  map (unit_error (grid n) (region_sizes ms fs (sizes n))) (error_rows n).
Definition lost_of (noises : list noise) (i : nat) (fs : list fact) : list Z :=
  match nth_error noises i with Some n => noise_errors n (masks i) fs | None => [] end.
End Compute.
