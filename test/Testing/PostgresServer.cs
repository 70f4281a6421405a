using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;
using Xunit;

namespace Halo.Testing;

/// <summary>
/// A PostgreSQL server of a test's own: in a temporary folder, on a free port of the loopback, with a password. Its shell ends it and deletes the
/// folder when this process lets go of it or is gone. As a fixture of a test class it starts nothing where no server can be started.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime, IAsyncDisposable
{
    private const int Starts = 3;
    private const string Ready = "database system is ready to accept connections";

    // $1 is the folder, the rest the server's command. The server goes on until standard input ends; where it ends by itself, so does the shell.
    private const string Shell =
        """
        folder=$1; shift
        exec 3<&0
        "$@" & server=$!
        { read -r _ <&3; kill -INT "$server"; } 2>/dev/null & watch=$!
        wait "$server"
        kill "$watch" 2>/dev/null
        rm -rf "$folder"
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly string _password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly List<string> _log = [];
    private Process? _process;
    private int _port;
    private int _databases;

    /// <summary>Connection string of the server's first database, as its administrator.</summary>
    public string ConnectionString => To("postgres");

    /// <summary>The administrator's password.</summary>
    public string Password => _password;

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port => _port;

    /// <summary>Starts one.</summary>
    public static async Task<PostgresServer> StartAsync()
    {
        PostgresServer server = new();
        await server.InitializeAsync();
        return server;
    }

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (PostgresPrograms.Missing is not null)
        {
            return;
        }

        // Between finding a free port and listening on it, someone else may take it.
        for (int start = 1; !await TryStartAsync(); start++)
        {
            await DisposeAsync();
            if (start == Starts)
            {
                throw new InvalidOperationException($"PostgreSQL did not start:\n{Log()}");
            }
        }
    }

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string, as the administrator.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        string name = $"test{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync(ConnectionString, $"CREATE DATABASE {name}");
        return To(name);
    }

    /// <summary>Runs a statement.</summary>
    public static async Task ExecuteAsync(string connectionString, string statement)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        await using NpgsqlCommand command = source.CreateCommand(statement);
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (Interlocked.Exchange(ref _process, null) is not { } process)
        {
            return;
        }

        using (process)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(s_limit);
        }
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    private async Task<bool> TryStartAsync()
    {
        string folder = (await RunAsync("mktemp", "-d", Path.Combine(Path.GetTempPath(), "halo-postgres-XXXXXX"))).Trim();
        string passwordFile = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(passwordFile, _password);
        string data = Path.Combine(folder, "data");
        await RunAsync(
            Program("initdb"), "-D", data, "-U", "postgres", "--auth=scram-sha-256", $"--pwfile={passwordFile}", "--no-locale", "--encoding=UTF8", "--no-sync");
        _port = FreePort();
        TaskCompletionSource<bool> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Process process = new() { StartInfo = Command("sh", ["-c", Shell, "sh", folder, .. ServerCommand(data)]), EnableRaisingEvents = true };
        process.ErrorDataReceived += (_, line) => Note(line.Data, ready);
        process.Exited += (_, _) => ready.TrySetResult(false);
        process.Start();
        _process = process;
        process.BeginErrorReadLine();
        if (!await ready.Task.WaitAsync(s_limit))
        {
            return false;
        }

        await ExecuteAsync(ConnectionString, "SELECT 1");
        return true;
    }

    // It lives for a test: nothing needs to outlast a loss of power.
    private string[] ServerCommand(string data) =>
    [
        Program("postgres"), "-D", data, "-p", $"{_port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
        "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "shared_buffers=16MB", "-c", "log_min_messages=log",
    ];

    private void Note(string? line, TaskCompletionSource<bool> ready)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            _log.Add(line);
        }

        if (line.Contains(Ready, StringComparison.Ordinal))
        {
            ready.TrySetResult(true);
        }
    }

    private string Log()
    {
        lock (_log)
        {
            return string.Join('\n', _log);
        }
    }

    private string To(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = IPAddress.Loopback.ToString(),
        Port = _port,
        Database = database,
        Username = "postgres",
        Password = _password,
    }.ConnectionString;

    private static string Program(string name) => Path.Combine(PostgresPrograms.Folder!, name);

    private static ProcessStartInfo Command(string program, string[] arguments)
    {
        string[] line = [.. PostgresPrograms.AsUser, program, .. arguments];
        return new ProcessStartInfo(line[0], line[1..])
        {
            // Everyone may look into it; the server's user might not be let into this process's folder.
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C" },
        };
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo command = Command(program, arguments);
        command.RedirectStandardOutput = true;
        using Process process = Process.Start(command)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(s_limit);
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}:\n{errors}");
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
