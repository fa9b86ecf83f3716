"""What a virtual station of OCPP 2.0.1 answers beyond the core: lists, profiles, certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ohmstead.apps.virtual.answers16 import file_name
from ohmstead.apps.virtual.cabinet import (
    DEFAULT_LIMIT_A,
    DEFAULT_LIMIT_W,
    CertificateHash,
    Profile,
)
from ohmstead.apps.virtual.charging import Commands, Move
from ohmstead.apps.virtual.moving import FAILS
from ohmstead.wire.ocpp import v201
from ohmstead.wire.ocpp.base import Message
from ohmstead.wire.ocpp.times import format_time, parse_time

_SHA256 = v201.HashAlgorithmEnumType.SHA256


def _reserve(asked: v201.ReserveNowRequest, panel: Commands) -> Message:
    status = v201.ReserveNowStatusEnumType
    if asked.evse_id is not None and not panel.is_evse(asked.evse_id):
        return v201.ReserveNowResponse(status=status.REJECTED)
    if parse_time(asked.expiry_date_time) <= panel.now_ms:
        return v201.ReserveNowResponse(status=status.REJECTED)
    if asked.evse_id is not None and panel.is_charging(asked.evse_id):
        return v201.ReserveNowResponse(status=status.OCCUPIED)
    word = panel.cabinet.reserve(asked.id, asked.evse_id or 0)
    return v201.ReserveNowResponse(status=status(word))


def _cancel(asked: v201.CancelReservationRequest, panel: Commands) -> Message:
    word = panel.cabinet.cancel(asked.reservation_id)
    return v201.CancelReservationResponse(status=v201.CancelReservationStatusEnumType(word))


def _list_version(asked: v201.GetLocalListVersionRequest, panel: Commands) -> Message:
    del asked
    return v201.GetLocalListVersionResponse(version_number=panel.cabinet.list_version)


def _list(asked: v201.SendLocalListRequest, panel: Commands) -> Message:
    entries = {
        one.id_token.id_token: one.id_token_info for one in asked.local_authorization_list or ()
    }
    full = asked.update_type is v201.UpdateEnumType.FULL
    word = panel.cabinet.update_list(asked.version_number, full, entries)
    return v201.SendLocalListResponse(status=v201.SendLocalListStatusEnumType(word))


def _set_profile(asked: v201.SetChargingProfileRequest, panel: Commands) -> Message:
    profile, status = asked.charging_profile, v201.ChargingProfileStatusEnumType
    if asked.evse_id and not panel.is_evse(asked.evse_id):
        return v201.SetChargingProfileResponse(status=status.REJECTED)
    kept = Profile(asked.evse_id, profile.charging_profile_purpose, profile.stack_level, profile)
    word = panel.cabinet.set_profile(profile.id, kept, panel.is_charging(asked.evse_id or None))
    return v201.SetChargingProfileResponse(status=status(word))


def _clear_profile(asked: v201.ClearChargingProfileRequest, panel: Commands) -> Message:
    which = asked.charging_profile_criteria or v201.ClearChargingProfileType()
    word = panel.cabinet.clear_profiles(
        number=asked.charging_profile_id,
        evse=which.evse_id,
        purpose=which.charging_profile_purpose,
        stack_level=which.stack_level,
    )
    return v201.ClearChargingProfileResponse(status=v201.ClearChargingProfileStatusEnumType(word))


def _get_profiles(asked: v201.GetChargingProfilesRequest, panel: Commands) -> Message:
    status, which = v201.GetChargingProfileStatusEnumType, asked.charging_profile
    found = panel.cabinet.find_profiles(
        evse=asked.evse_id,
        purpose=which.charging_profile_purpose,
        stack_level=which.stack_level,
    )
    if which.charging_profile_id:
        found = {n: one for n, one in found.items() if n in which.charging_profile_id}
    rows = [
        v201.ReportChargingProfilesRequest(
            request_id=asked.request_id,
            charging_limit_source=v201.ChargingLimitSourceEnumType.CSO,
            evse_id=one.evse,
            charging_profile=[one.raw],
            tbc=number < len(found) or None,
        )
        for number, one in enumerate(found.values(), 1)
    ]
    panel.say(*(("ReportChargingProfiles", row) for row in rows))
    return v201.GetChargingProfilesResponse(
        status=status.ACCEPTED if rows else status.NO_PROFILES  # K09.FR.02
    )


def _composite(asked: v201.GetCompositeScheduleRequest, panel: Commands) -> Message:
    status, amperes = v201.GenericStatusEnumType, v201.ChargingRateUnitEnumType.A
    if asked.evse_id and not panel.is_evse(asked.evse_id):
        return v201.GetCompositeScheduleResponse(status=status.REJECTED)
    found = panel.cabinet.schedule_of(asked.evse_id)
    if found is not None:
        schedule = found.raw.charging_schedule[0]
        unit, periods = schedule.charging_rate_unit, schedule.charging_schedule_period
    else:
        unit = asked.charging_rate_unit or amperes
        limit = DEFAULT_LIMIT_A if unit is amperes else DEFAULT_LIMIT_W
        periods = [v201.ChargingSchedulePeriodType(start_period=0, limit=limit)]
    return v201.GetCompositeScheduleResponse(
        status=status.ACCEPTED,
        schedule=v201.CompositeScheduleType(
            evse_id=asked.evse_id,
            duration=asked.duration,
            schedule_start=format_time(panel.now_ms),
            charging_rate_unit=unit,
            charging_schedule_period=periods,
        ),
    )


def _log(asked: v201.GetLogRequest, panel: Commands) -> Message:
    def told(status: v201.UploadLogStatusEnumType) -> tuple[str, Message]:
        message = v201.LogStatusNotificationRequest(status=status, request_id=asked.request_id)
        return "LogStatusNotification", message

    status, url = v201.UploadLogStatusEnumType, asked.log.remote_location
    begins, badly = told(status.UPLOADING), told(status.UPLOAD_FAILURE)
    panel.move(Move(url, begins, (told(status.UPLOADED),), badly, brings=True))
    name = f"{panel.name}.log"
    return v201.GetLogResponse(status=v201.LogStatusEnumType.ACCEPTED, filename=name)


def _update(asked: v201.UpdateFirmwareRequest, panel: Commands) -> Message:
    def told(status: v201.FirmwareStatusEnumType) -> tuple[str, Message]:
        message = v201.FirmwareStatusNotificationRequest(status=status, request_id=asked.request_id)
        return "FirmwareStatusNotification", message

    status = v201.FirmwareStatusEnumType
    signed = asked.firmware.signature is not None
    certificate = asked.firmware.signing_certificate or ""
    if signed and "BEGIN CERTIFICATE" not in certificate:
        invalid = v201.UpdateFirmwareStatusEnumType.INVALID_CERTIFICATE
        return v201.UpdateFirmwareResponse(status=invalid)  # L01.FR.11
    steps = [status.DOWNLOADED, *([status.SIGNATURE_VERIFIED] if signed else [])]
    well = tuple(map(told, [*steps, status.INSTALLING, status.INSTALLED]))
    begins, badly = told(status.DOWNLOADING), told(status.DOWNLOAD_FAILED)
    url = asked.firmware.location
    panel.move(Move(url, begins, well, badly, firmware=file_name(url)))
    accepted = v201.UpdateFirmwareStatusEnumType.ACCEPTED
    return v201.UpdateFirmwareResponse(status=accepted)


def _publish(asked: v201.PublishFirmwareRequest, panel: Commands) -> Message:
    status, told = v201.PublishFirmwareStatusEnumType, v201.PublishFirmwareStatusNotificationRequest
    steps = [
        told(status=status.DOWNLOADING, request_id=asked.request_id),
        told(status=status.DOWNLOADED, request_id=asked.request_id),
        # L03.FR.04: where it can be had from now on
        told(status=status.PUBLISHED, request_id=asked.request_id, location=[asked.location]),
    ]
    if FAILS in asked.location:
        failed = told(status=status.DOWNLOAD_FAILED, request_id=asked.request_id)
        steps = [steps[0], failed]
    else:
        panel.cabinet.published.add(asked.checksum)
    panel.say(*(("PublishFirmwareStatusNotification", one) for one in steps))
    return v201.PublishFirmwareResponse(status=v201.GenericStatusEnumType.ACCEPTED)


def _unpublish(asked: v201.UnpublishFirmwareRequest, panel: Commands) -> Message:
    status = v201.UnpublishFirmwareStatusEnumType
    if asked.checksum not in panel.cabinet.published:
        return v201.UnpublishFirmwareResponse(status=status.NO_FIRMWARE)
    panel.cabinet.published.remove(asked.checksum)
    return v201.UnpublishFirmwareResponse(status=status.UNPUBLISHED)


def _install(asked: v201.InstallCertificateRequest, panel: Commands) -> Message:
    word = panel.cabinet.install(asked.certificate, asked.certificate_type)
    return v201.InstallCertificateResponse(status=v201.InstallCertificateStatusEnumType(word))


def _installed(asked: v201.GetInstalledCertificateIdsRequest, panel: Commands) -> Message:
    status = v201.GetInstalledCertificateStatusEnumType
    found = [
        v201.CertificateHashDataChainType(
            certificate_type=v201.GetCertificateIdUseEnumType(use),
            certificate_hash_data=v201.CertificateHashDataType(
                hash_algorithm=_SHA256,
                issuer_name_hash=one.issuer_name_hash,
                issuer_key_hash=one.issuer_key_hash,
                serial_number=one.serial_number,
            ),
        )
        for one, use in panel.cabinet.certificates.items()
        if not asked.certificate_type or use in asked.certificate_type
    ]
    return v201.GetInstalledCertificateIdsResponse(
        status=status.ACCEPTED if found else status.NOT_FOUND,
        certificate_hash_data_chain=found or None,
    )


def _delete(asked: v201.DeleteCertificateRequest, panel: Commands) -> Message:
    data = asked.certificate_hash_data
    what = CertificateHash(data.issuer_name_hash, data.issuer_key_hash, data.serial_number)
    word = panel.cabinet.delete(what)
    return v201.DeleteCertificateResponse(status=v201.DeleteCertificateStatusEnumType(word))


def _signed(asked: v201.CertificateSignedRequest, panel: Commands) -> Message:
    word = panel.cabinet.take_signed(asked.certificate_chain)
    return v201.CertificateSignedResponse(status=v201.CertificateSignedStatusEnumType(word))


def triggered(message: str, panel: Commands) -> bool:
    """Say what TriggerMessage asks for beyond the core; False for what this station never says."""
    wanted = v201.MessageTriggerEnumType
    told: Message
    match message:
        case wanted.SIGN_CHARGING_STATION_CERTIFICATE:
            csr = panel.cabinet.signing_request(panel.name)
            panel.say(("SignCertificate", v201.SignCertificateRequest(csr=csr)))
        case wanted.SIGN_V2_G_CERTIFICATE:
            csr = panel.cabinet.signing_request(f"{panel.name} SECC")
            use = v201.CertificateSigningUseEnumType.V2_G_CERTIFICATE
            asked = v201.SignCertificateRequest(csr=csr, certificate_type=use)
            panel.say(("SignCertificate", asked))
        case wanted.LOG_STATUS_NOTIFICATION:
            told = v201.LogStatusNotificationRequest(status=v201.UploadLogStatusEnumType.IDLE)
            panel.say((message, told))
        case wanted.FIRMWARE_STATUS_NOTIFICATION:
            told = v201.FirmwareStatusNotificationRequest(status=v201.FirmwareStatusEnumType.IDLE)
            panel.say((message, told))
        case wanted.PUBLISH_FIRMWARE_STATUS_NOTIFICATION:
            idle = v201.PublishFirmwareStatusEnumType.IDLE
            panel.say((message, v201.PublishFirmwareStatusNotificationRequest(status=idle)))
        case _:
            return False
    return True


# The table pairs a request with its answer, so the request is Any here only.
ANSWERS: dict[type[Message], Callable[[Any, Commands], Message]] = {
    v201.CancelReservationRequest: _cancel,
    v201.CertificateSignedRequest: _signed,
    v201.ClearChargingProfileRequest: _clear_profile,
    v201.DeleteCertificateRequest: _delete,
    v201.GetChargingProfilesRequest: _get_profiles,
    v201.GetCompositeScheduleRequest: _composite,
    v201.GetInstalledCertificateIdsRequest: _installed,
    v201.GetLocalListVersionRequest: _list_version,
    v201.GetLogRequest: _log,
    v201.InstallCertificateRequest: _install,
    v201.PublishFirmwareRequest: _publish,
    v201.ReserveNowRequest: _reserve,
    v201.SendLocalListRequest: _list,
    v201.SetChargingProfileRequest: _set_profile,
    v201.UnpublishFirmwareRequest: _unpublish,
    v201.UpdateFirmwareRequest: _update,
}
