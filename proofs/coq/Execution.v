(** Executions: the values that a computation gives to a network's units.  Exact evaluation is one; float programs give others, whose
    pre-activations are rounded.  Certificates are proved sound for all executions whose errors the checker accounts for. *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers Network Kinds.
Import ListNotations.

Section Execution.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.

(** The computed pre-activations of layer n - 1 (the input for n = 0), and the activations after n layers. *)
Record execution := Execution { befores : nat -> list F; afters : nat -> list F }.
Definition input (r : execution) : list F := befores r 0.

(** Values zs that are within errors ds / u of the values ws. *)
Fixpoint apart (u : positive) (ds : list Z) (zs ws : list F) : Prop :=
  match zs, ws with
  | z :: zs', w :: ws' =>
      w - bound_value u (hd 0%Z ds) <= z /\ z <= w + bound_value u (hd 0%Z ds) /\ apart u (tl ds) zs' ws'
  | [], [] => True
  | _, _ => False
  end.

(** ReLUs and copies are exact; the affine part of layer i is computed with some error. *)
Record runs (net : list layer) (r : execution) : Prop := Runs {
  run_input : afters r 0 = input r;
  run_relu : forall i, afters r (S i) = activate (relus (nth i net no_layer)) (befores r (S i));
  run_width : forall i, length (befores r (S i)) = width (nth i net no_layer)
}.

Definition exact_run (net : list layer) (x : list F) : execution := Execution (fun n => before net n x) (fun n => after net n x).

Lemma length_pre l (a : list F) : length (pre l a) = width l.
Proof. unfold pre, width. apply map_length. Qed.

Lemma exact_runs net x : runs net (exact_run net x).
Proof. constructor; [reflexivity | reflexivity |]. intros i. apply length_pre. Qed.

Lemma apart_self u zs : apart u [] zs zs.
Proof.
  induction zs as [|z zs IH]; cbn [apart hd tl]; [exact I|]. unfold bound_value. rewrite of_Z_0.
  split; [apply le_eq; ring | split; [apply le_eq; ring | exact IH]].
Qed.

(** The pre-activations of units with a ReLU, in the order of patterns. *)
Fixpoint run_switches (net : list layer) (k : nat) (r : execution) : list F :=
  match k with
  | O => []
  | S i => run_switches net i r ++ chosen (relus (nth i net no_layer)) (befores r (S i))
  end.
Definition run_in_cell (net : list layer) (k : nat) (s : list bool) (r : execution) : Prop := Forall2 agree (run_switches net k r) s.

Lemma exact_switches net k x : run_switches net k (exact_run net x) = switches net k x.
Proof. induction k as [|i IH]; cbn [run_switches switches]; [reflexivity | rewrite IH; reflexivity]. Qed.
End Execution.
Arguments execution F : clear implicits.
