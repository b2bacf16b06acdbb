"""What staff fill in."""

from interfaces.desk.forms.leads import AssignForm, CloseForm, NoteForm
from interfaces.desk.forms.orders import (
    CancelForm,
    CheckForm,
    CloseOrderForm,
    CloseRemainderForm,
    CorrectForm,
    HoldForm,
    RescheduleForm,
)
from interfaces.desk.forms.payouts import (
    ApproveForm,
    BuildBatchForm,
    CloseMonthForm,
    LookedAtForm,
    PaidFileForm,
    ReadForm,
    ReturnFileForm,
)
from interfaces.desk.forms.plain import ConfirmForm, ReasonForm, SaveFilterForm, SearchForm
from interfaces.desk.forms.rewards import (
    AnswerDisputeForm,
    DecideClaimForm,
    DecideSignalForm,
    DisputeWordsForm,
    EndClaimForm,
    HandOverDisputeForm,
    ReleaseForm,
)
from interfaces.desk.forms.traffic import AddMailForm, OpenForMailForm, ResendForm, SendAgainForm, SettleForm

__all__ = [
    "AddMailForm",
    "AnswerDisputeForm",
    "ApproveForm",
    "AssignForm",
    "BuildBatchForm",
    "CancelForm",
    "CheckForm",
    "CloseForm",
    "CloseMonthForm",
    "CloseOrderForm",
    "CloseRemainderForm",
    "ConfirmForm",
    "CorrectForm",
    "DecideClaimForm",
    "DecideSignalForm",
    "DisputeWordsForm",
    "EndClaimForm",
    "HandOverDisputeForm",
    "HoldForm",
    "LookedAtForm",
    "NoteForm",
    "OpenForMailForm",
    "PaidFileForm",
    "ReadForm",
    "ReasonForm",
    "ReleaseForm",
    "RescheduleForm",
    "ResendForm",
    "ReturnFileForm",
    "SaveFilterForm",
    "SearchForm",
    "SendAgainForm",
    "SettleForm",
]
