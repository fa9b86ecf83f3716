"""What a virtual station of OCPP 1.6 answers beyond the core: lists, profiles, files, security."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from ohmstead.apps.virtual.cabinet import (
    DEFAULT_LIMIT_A,
    DEFAULT_LIMIT_W,
    CertificateHash,
    Profile,
)
from ohmstead.apps.virtual.charging import Commands, Move
from ohmstead.wire.ocpp import v16
from ohmstead.wire.ocpp.base import Message
from ohmstead.wire.ocpp.times import format_time, parse_time

FIRMWARE_CHARACTERS_MAX = 50  # CiString50Type
_SHA256 = v16.HashAlgorithmEnumType.SHA256


def file_name(location: str) -> str:
    """The last part of an address."""
    return PurePosixPath(location.partition("?")[0]).name[:FIRMWARE_CHARACTERS_MAX]


def _reserve(asked: v16.ReserveNowRequest, panel: Commands) -> Message:
    status = v16.ReservationStatus
    if asked.connector_id and not panel.is_evse(asked.connector_id):
        return v16.ReserveNowResponse(status=status.REJECTED)
    if parse_time(asked.expiry_date) <= panel.now_ms:
        return v16.ReserveNowResponse(status=status.REJECTED)
    if asked.connector_id and panel.is_charging(asked.connector_id):
        return v16.ReserveNowResponse(status=status.OCCUPIED)
    word = panel.cabinet.reserve(asked.reservation_id, asked.connector_id)
    return v16.ReserveNowResponse(status=status(word))


def _cancel(asked: v16.CancelReservationRequest, panel: Commands) -> Message:
    word = panel.cabinet.cancel(asked.reservation_id)
    return v16.CancelReservationResponse(status=v16.CancelReservationStatus(word))


def _list_version(asked: v16.GetLocalListVersionRequest, panel: Commands) -> Message:
    del asked
    return v16.GetLocalListVersionResponse(list_version=panel.cabinet.list_version)


def _list(asked: v16.SendLocalListRequest, panel: Commands) -> Message:
    entries = {one.id_tag: one.id_tag_info for one in asked.local_authorization_list or ()}
    full = asked.update_type is v16.UpdateType.FULL
    word = panel.cabinet.update_list(asked.list_version, full, entries)
    return v16.SendLocalListResponse(status=v16.UpdateStatus(word))


def _set_profile(asked: v16.SetChargingProfileRequest, panel: Commands) -> Message:
    profile, status = asked.cs_charging_profiles, v16.ChargingProfileStatus
    if asked.connector_id and not panel.is_evse(asked.connector_id):
        return v16.SetChargingProfileResponse(status=status.REJECTED)
    kept = Profile(
        asked.connector_id, profile.charging_profile_purpose, profile.stack_level, profile
    )
    charging = panel.is_charging(asked.connector_id or None)
    word = panel.cabinet.set_profile(profile.charging_profile_id, kept, charging)
    return v16.SetChargingProfileResponse(status=status(word))


def _clear_profile(asked: v16.ClearChargingProfileRequest, panel: Commands) -> Message:
    word = panel.cabinet.clear_profiles(
        number=asked.id,
        evse=asked.connector_id,
        purpose=asked.charging_profile_purpose,
        stack_level=asked.stack_level,
    )
    return v16.ClearChargingProfileResponse(status=v16.ClearChargingProfileStatus(word))


def _composite(asked: v16.GetCompositeScheduleRequest, panel: Commands) -> Message:
    status = v16.GetCompositeScheduleStatus
    if asked.connector_id and not panel.is_evse(asked.connector_id):
        return v16.GetCompositeScheduleResponse(status=status.REJECTED)
    found = panel.cabinet.schedule_of(asked.connector_id)
    if found is not None:
        unit = found.raw.charging_schedule.charging_rate_unit
        periods = found.raw.charging_schedule.charging_schedule_period
    else:
        unit = asked.charging_rate_unit or v16.ChargingRateUnit.A
        limit = DEFAULT_LIMIT_A if unit is v16.ChargingRateUnit.A else DEFAULT_LIMIT_W
        periods = [v16.ChargingSchedulePeriod(start_period=0, limit=limit)]
    start = format_time(panel.now_ms)
    return v16.GetCompositeScheduleResponse(
        status=status.ACCEPTED,
        connector_id=asked.connector_id,
        schedule_start=start,
        charging_schedule=v16.ChargingSchedule(
            charging_rate_unit=unit,
            charging_schedule_period=periods,
            duration=asked.duration,
            start_schedule=start,
        ),
    )


def _diagnostics(asked: v16.GetDiagnosticsRequest, panel: Commands) -> Message:
    def told(status: v16.DiagnosticsStatus) -> tuple[str, Message]:
        message = v16.DiagnosticsStatusNotificationRequest(status=status)
        return "DiagnosticsStatusNotification", message

    status = v16.DiagnosticsStatus
    begins, badly = told(status.UPLOADING), told(status.UPLOAD_FAILED)
    panel.move(Move(asked.location, begins, (told(status.UPLOADED),), badly, brings=True))
    return v16.GetDiagnosticsResponse(file_name=f"{panel.name}.log")


def _log(asked: v16.GetLogRequest, panel: Commands) -> Message:
    def told(status: v16.UploadLogStatusEnumType) -> tuple[str, Message]:
        message = v16.LogStatusNotificationRequest(status=status, request_id=asked.request_id)
        return "LogStatusNotification", message

    status, url = v16.UploadLogStatusEnumType, asked.log.remote_location
    begins, badly = told(status.UPLOADING), told(status.UPLOAD_FAILURE)
    panel.move(Move(url, begins, (told(status.UPLOADED),), badly, brings=True))
    return v16.GetLogResponse(status=v16.LogStatusEnumType.ACCEPTED, filename=f"{panel.name}.log")


def _update(asked: v16.UpdateFirmwareRequest, panel: Commands) -> Message:
    def told(status: v16.FirmwareStatus) -> tuple[str, Message]:
        message = v16.FirmwareStatusNotificationRequest(status=status)
        return "FirmwareStatusNotification", message

    status, url = v16.FirmwareStatus, asked.location
    well = tuple(map(told, (status.DOWNLOADED, status.INSTALLING, status.INSTALLED)))
    begins, badly = told(status.DOWNLOADING), told(status.DOWNLOAD_FAILED)
    panel.move(Move(url, begins, well, badly, firmware=file_name(url)))
    return v16.UpdateFirmwareResponse()


def _signed_update(asked: v16.SignedUpdateFirmwareRequest, panel: Commands) -> Message:
    status, answer = v16.FirmwareStatusEnumType, v16.UpdateFirmwareStatusEnumType
    if "BEGIN CERTIFICATE" not in asked.firmware.signing_certificate:
        return v16.SignedUpdateFirmwareResponse(status=answer.INVALID_CERTIFICATE)

    def told(status: v16.FirmwareStatusEnumType) -> tuple[str, Message]:
        message = v16.SignedFirmwareStatusNotificationRequest(
            status=status, request_id=asked.request_id
        )
        return "SignedFirmwareStatusNotification", message

    steps = (status.DOWNLOADED, status.SIGNATURE_VERIFIED, status.INSTALLING, status.INSTALLED)
    begins, badly = told(status.DOWNLOADING), told(status.DOWNLOAD_FAILED)
    url = asked.firmware.location
    panel.move(Move(url, begins, tuple(map(told, steps)), badly, firmware=file_name(url)))
    return v16.SignedUpdateFirmwareResponse(status=answer.ACCEPTED)


def _trigger(asked: v16.ExtendedTriggerMessageRequest, panel: Commands) -> Message:
    status, wanted = v16.TriggerMessageStatusEnumType, v16.MessageTriggerEnumType
    message = asked.requested_message
    match message:
        case wanted.SIGN_CHARGE_POINT_CERTIFICATE:
            csr = panel.cabinet.signing_request(panel.name)
            panel.say(("SignCertificate", v16.SignCertificateRequest(csr=csr)))
        case wanted.LOG_STATUS_NOTIFICATION:
            idle = v16.UploadLogStatusEnumType.IDLE
            panel.say((message, v16.LogStatusNotificationRequest(status=idle)))
        case wanted.FIRMWARE_STATUS_NOTIFICATION:
            told = v16.SignedFirmwareStatusNotificationRequest(
                status=v16.FirmwareStatusEnumType.IDLE
            )
            panel.say(("SignedFirmwareStatusNotification", told))
        case _:
            accepted = panel.trigger(message, asked.connector_id)
            word = status.ACCEPTED if accepted else status.REJECTED
            return v16.ExtendedTriggerMessageResponse(status=word)
    return v16.ExtendedTriggerMessageResponse(status=status.ACCEPTED)


def tell_idle(message: str, panel: Commands) -> None:
    """Say that no file is under way (1.6 4.4, 4.5: Idle only after a TriggerMessage)."""
    if message == v16.MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION:
        idle = v16.DiagnosticsStatus.IDLE
        panel.say((message, v16.DiagnosticsStatusNotificationRequest(status=idle)))
    else:
        told = v16.FirmwareStatusNotificationRequest(status=v16.FirmwareStatus.IDLE)
        panel.say((message, told))


def _install(asked: v16.InstallCertificateRequest, panel: Commands) -> Message:
    word = panel.cabinet.install(asked.certificate, asked.certificate_type)
    return v16.InstallCertificateResponse(status=v16.InstallCertificateStatusEnumType(word))


def _installed(asked: v16.GetInstalledCertificateIdsRequest, panel: Commands) -> Message:
    status = v16.GetInstalledCertificateStatusEnumType
    found = [
        v16.CertificateHashDataType(
            hash_algorithm=_SHA256,
            issuer_name_hash=one.issuer_name_hash,
            issuer_key_hash=one.issuer_key_hash,
            serial_number=one.serial_number,
        )
        for one, use in panel.cabinet.certificates.items()
        if use == asked.certificate_type
    ]
    return v16.GetInstalledCertificateIdsResponse(
        status=status.ACCEPTED if found else status.NOT_FOUND, certificate_hash_data=found or None
    )


def _delete(asked: v16.DeleteCertificateRequest, panel: Commands) -> Message:
    data = asked.certificate_hash_data
    what = CertificateHash(data.issuer_name_hash, data.issuer_key_hash, data.serial_number)
    word = panel.cabinet.delete(what)
    return v16.DeleteCertificateResponse(status=v16.DeleteCertificateStatusEnumType(word))


def _signed(asked: v16.CertificateSignedRequest, panel: Commands) -> Message:
    word = panel.cabinet.take_signed(asked.certificate_chain)
    return v16.CertificateSignedResponse(status=v16.CertificateSignedStatusEnumType(word))


# The table pairs a request with its answer, so the request is Any here only.
ANSWERS: dict[type[Message], Callable[[Any, Commands], Message]] = {
    v16.CancelReservationRequest: _cancel,
    v16.CertificateSignedRequest: _signed,
    v16.ClearChargingProfileRequest: _clear_profile,
    v16.DeleteCertificateRequest: _delete,
    v16.ExtendedTriggerMessageRequest: _trigger,
    v16.GetCompositeScheduleRequest: _composite,
    v16.GetDiagnosticsRequest: _diagnostics,
    v16.GetInstalledCertificateIdsRequest: _installed,
    v16.GetLocalListVersionRequest: _list_version,
    v16.GetLogRequest: _log,
    v16.InstallCertificateRequest: _install,
    v16.ReserveNowRequest: _reserve,
    v16.SendLocalListRequest: _list,
    v16.SetChargingProfileRequest: _set_profile,
    v16.SignedUpdateFirmwareRequest: _signed_update,
    v16.UpdateFirmwareRequest: _update,
}
