using System.Data;
using System.Data.Common;
using System.Globalization;

namespace Halo.Silo.Tests.Clustering;

/// <summary>
/// Uses the statements in a database as Orleans' provider does: reads them all once, opens a connection for each operation, binds parameters by name
/// with the types it uses, takes columns by name, and rows of all results together.
/// </summary>
internal sealed class StoredQueries
{
    internal const string Cluster = "lab";

    private readonly Func<Task<DbConnection>> _open;
    private Dictionary<string, string> _texts = [];

    private StoredQueries(Func<Task<DbConnection>> open) => _open = open;

    internal IReadOnlyDictionary<string, string> Texts => _texts;

    internal static async Task<StoredQueries> ReadAsync(Func<Task<DbConnection>> open)
    {
        StoredQueries queries = new(open);
        List<(string Key, string Text)> rows = await queries.RunAsync(
            "SELECT QueryKey, QueryText FROM OrleansQuery", record => ((string)record["QueryKey"], (string)record["QueryText"]));
        queries._texts = rows.ToDictionary(row => row.Key, row => row.Text);
        return queries;
    }

    internal Task<bool> InsertVersionAsync(string cluster = Cluster) => TruthAsync("InsertMembershipVersionKey", ("DeploymentId", cluster));

    internal Task<bool> InsertAsync(MemberRow row, int version, string cluster = Cluster) => TruthAsync(
        "InsertMembershipKey",
        [
            ("DeploymentId", cluster), ("IAmAliveTime", row.IAmAliveTime), ("SiloName", row.SiloName), ("HostName", row.HostName), .. Key(row),
            ("StartTime", row.StartTime), ("Status", row.Status), ("ProxyPort", row.ProxyPort), ("Version", version),
        ]);

    internal Task<bool> UpdateAsync(MemberRow row, int version, string cluster = Cluster) => TruthAsync(
        "UpdateMembershipKey",
        [
            ("DeploymentId", cluster), .. Key(row), ("IAmAliveTime", row.IAmAliveTime), ("Status", row.Status), ("SuspectTimes", row.SuspectTimes),
            ("Version", version),
        ]);

    internal Task<(int Version, List<MemberRow> Rows)> ReadAllAsync(string cluster = Cluster) => MembersAsync("MembershipReadAllKey", ("DeploymentId", cluster));

    internal Task<(int Version, List<MemberRow> Rows)> ReadRowAsync(MemberRow row, string cluster = Cluster) =>
        MembersAsync("MembershipReadRowKey", [("DeploymentId", cluster), .. Key(row)]);

    internal Task ReportAliveAsync(MemberRow row, DateTime time) =>
        RunAsync(_texts["UpdateIAmAlivetimeKey"], _ => 0, [("DeploymentId", Cluster), .. Key(row), ("IAmAliveTime", time)]);

    internal Task DeleteAsync(string cluster = Cluster) => RunAsync(_texts["DeleteMembershipTableEntriesKey"], _ => 0, ("DeploymentId", cluster));

    internal Task CleanUpAsync(DateTime before) =>
        RunAsync(_texts["CleanupDefunctSiloEntriesKey"], _ => 0, ("DeploymentId", Cluster), ("IAmAliveTime", before));

    internal Task<List<string>> GatewaysAsync() => RunAsync(
        _texts["GatewaysQueryKey"],
        record => $"{(string)record["Address"]}:{Integer(record, "ProxyPort")}/{Integer(record, "Generation")}",
        ("DeploymentId", Cluster),
        ("Status", MemberRow.Active));

    private static (string, object?)[] Key(MemberRow row) => [("Address", row.Address), ("Port", row.Port), ("Generation", row.Generation)];

    private async Task<bool> TruthAsync(string key, params (string Name, object? Value)[] parameters)
    {
        List<bool> rows = await RunAsync(
            _texts[key],
            record =>
            {
                Assert.Equal(1, record.FieldCount);
                return Convert.ToBoolean(record.GetValue(0), CultureInfo.InvariantCulture);
            },
            parameters);
        return Assert.Single(rows);
    }

    private async Task<(int Version, List<MemberRow> Rows)> MembersAsync(string key, params (string Name, object? Value)[] parameters)
    {
        List<(int Version, MemberRow? Row)> rows = await RunAsync(_texts[key], Member, parameters);
        Assert.NotEmpty(rows);
        return (rows[0].Version, [.. rows.Select(row => row.Row).OfType<MemberRow>()]);
    }

    private static (int Version, MemberRow? Row) Member(IDataRecord record)
    {
        int version = Convert.ToInt32(record.GetValue(record.GetOrdinal("Version")), CultureInfo.InvariantCulture);
        return record.IsDBNull(record.GetOrdinal("StartTime"))
            ? (version, null)
            : (version, new MemberRow
            {
                Address = (string)record["Address"],
                Port = Integer(record, "Port"),
                Generation = Integer(record, "Generation"),
                SiloName = (string)record["SiloName"],
                HostName = (string)record["HostName"],
                Status = Integer(record, "Status"),
                ProxyPort = Integer(record, "ProxyPort"),
                SuspectTimes = record["SuspectTimes"] as string,
                StartTime = Time(record, "StartTime"),
                IAmAliveTime = Time(record, "IAmAliveTime"),
            });
    }

    private static int Integer(IDataRecord record, string name) => record.GetInt32(record.GetOrdinal(name));

    private static DateTime Time(IDataRecord record, string name) => DateTime.SpecifyKind(record.GetDateTime(record.GetOrdinal(name)), DateTimeKind.Utc);

    private async Task<List<T>> RunAsync<T>(string text, Func<IDataRecord, T> select, params (string Name, object? Value)[] parameters)
    {
        await using DbConnection connection = await _open();
        await using DbCommand command = connection.CreateCommand();
        foreach ((string name, object? value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            parameter.DbType = value switch
            {
                int => DbType.Int32,
                DateTime => DbType.DateTime,
                _ => DbType.String,
            };
            parameter.Direction = ParameterDirection.Input;
            command.Parameters.Add(parameter);
        }

        command.CommandText = text;
        await using DbDataReader reader = await command.ExecuteReaderAsync();
        List<T> rows = [];
        do
        {
            while (await reader.ReadAsync())
            {
                rows.Add(select(reader));
            }
        }
        while (await reader.NextResultAsync());
        return rows;
    }
}
