"""Addresses, model and admin page of the Django rival; imported when its settings are made."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.urls import path


class Territory(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label = "auth"  # any installed app will do: the table is there already
        db_table = "territory"
        managed = False

    def __str__(self) -> str:
        return str(self.name)


class Customer(models.Model):
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    visit_mode = models.CharField(max_length=20)
    visit_frequency = models.CharField(max_length=20)
    frequency_source = models.CharField(max_length=20)
    line = models.CharField(max_length=50)
    grade = models.IntegerField()
    business_type = models.CharField(max_length=20)
    market_type = models.CharField(max_length=20)
    scale = models.CharField(max_length=20)
    territory = models.ForeignKey(Territory, models.DO_NOTHING)
    status = models.CharField(max_length=20)

    class Meta:
        app_label = "auth"  # any installed app will do: the table is there already
        db_table = "customer"
        managed = False

    def __str__(self) -> str:
        return str(self.name)


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = (
        "name", "code", "visit_mode", "visit_frequency", "frequency_source", "line", "grade",
        "business_type", "market_type", "scale", "territory", "status",
    )  # fmt: skip
    list_per_page = 25
    list_select_related = True
    ordering = ("code",)
    search_fields = ("name",)
    actions = None


urlpatterns = [path("admin/", admin.site.urls)]
