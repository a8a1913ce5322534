package walnut;

import com.amazonaws.services.dynamodbv2.streamsadapter.AmazonDynamoDBStreamsAdapterClient;
import com.amazonaws.services.dynamodbv2.streamsadapter.StreamsSchedulerFactory;
import com.amazonaws.services.dynamodbv2.streamsadapter.adapter.DynamoDBStreamsClientRecord;
import com.amazonaws.services.dynamodbv2.streamsadapter.model.DynamoDBStreamsProcessRecordsInput;
import com.amazonaws.services.dynamodbv2.streamsadapter.polling.DynamoDBStreamsPollingConfig;
import com.amazonaws.services.dynamodbv2.streamsadapter.processor.DynamoDBStreamsShardRecordProcessor;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessorFactory;

/**
 * A worker of the Kinesis Client Library that reads one stream of DynamoDB from its beginning, or from where its
 * application's last worker left off.
 *
 * <p>Standard output is a line of JSON per event:
 * {@code {"begun": shardId, "from": sequenceNumber}}, {@code {"shard": shardId, "record": the record}},
 * {@code {"checkpoint": shardId, "at": sequenceNumber}}, {@code {"ended": shardId}}.
 *
 * <p>Leaves with status 0 after a shutdown in order, which it begins when it has seen the given number of records whose
 * partition key {@code pk} has the given prefix; with 3 when these did not come in time.
 */
public final class StreamConsumer {
    private static final StaticCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));
    private static final Region REGION = Region.US_EAST_1;

    private StreamConsumer() {}

    /** Arguments: endpoint, ARN of the stream, name of the application, prefix and number of end markers, seconds. */
    public static void main(String[] arguments) throws Exception {
        URI endpoint = URI.create(arguments[0]);
        CountDownLatch markers = new CountDownLatch(Integer.parseInt(arguments[4]));
        Scheduler scheduler =
                scheduler(endpoint, arguments[1], arguments[2], () -> new Processor(arguments[3], markers));
        Thread worker = new Thread(scheduler, "worker");
        worker.setDaemon(true);
        worker.start();
        boolean isComplete = markers.await(Long.parseLong(arguments[5]), TimeUnit.SECONDS);
        try {
            scheduler.startGracefulShutdown().get(20, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            // The library may wait for shards that end meanwhile. What was printed has been checkpointed.
            scheduler.shutdown();
        }
        worker.join(10_000);
        // Some threads of the library are no daemons.
        System.exit(isComplete ? 0 : 3);
    }

    private static Scheduler scheduler(
            URI endpoint,
            String streamArn,
            String application,
            ShardRecordProcessorFactory processors) {
        AmazonDynamoDBStreamsAdapterClient streams = new AmazonDynamoDBStreamsAdapterClient(
                at(endpoint, DynamoDbStreamsClient.builder()).build(), REGION);
        ConfigsBuilder configs = new ConfigsBuilder(
                StreamsSchedulerFactory.createSingleStreamTracker(
                        streamArn,
                        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
                application,
                streams,
                at(endpoint, DynamoDbAsyncClient.builder()).build(),
                // Demanded, but not called: the metrics go nowhere.
                at(endpoint, CloudWatchAsyncClient.builder()).build(),
                "worker-" + UUID.randomUUID(),
                processors);
        // Without an interval the first leases are there at once; the adapter sets it, but too late to matter.
        var leases = configs.leaseManagementConfig()
                .failoverTimeMillis(2_000)
                .shardSyncIntervalMillis(0)
                .consistentReads(true);
        // They would ask the metadata services of EC2 and ECS.
        leases.workerUtilizationAwareAssignmentConfig().disableWorkerMetrics(true);
        var retrieval = configs.retrievalConfig();
        retrieval.retrievalSpecificConfig(new DynamoDBStreamsPollingConfig(streams).idleTimeBetweenReadsInMillis(200));
        return StreamsSchedulerFactory.createScheduler(
                configs.checkpointConfig(),
                configs.coordinatorConfig()
                        .parentShardPollIntervalMillis(500)
                        .shardConsumerDispatchPollIntervalMillis(100)
                        .skipShardSyncAtWorkerInitializationIfLeasesExist(true),
                leases,
                configs.lifecycleConfig(),
                configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
                configs.processorConfig(),
                retrieval,
                streams);
    }

    private static <B extends AwsClientBuilder<B, C>, C> B at(URI endpoint, B builder) {
        return builder.endpointOverride(endpoint).region(REGION).credentialsProvider(CREDENTIALS);
    }

    /** Prints what one shard has, and checkpoints after each batch. */
    private static final class Processor implements DynamoDBStreamsShardRecordProcessor {
        private final String markerPrefix;
        private final CountDownLatch markers;
        private String shardId = "";

        Processor(String markerPrefix, CountDownLatch markers) {
            this.markerPrefix = markerPrefix;
            this.markers = markers;
        }

        @Override
        public void initialize(InitializationInput input) {
            shardId = input.shardId();
            String from = input.extendedSequenceNumber().sequenceNumber();
            print("{\"begun\":\"%s\",\"from\":\"%s\"}".formatted(shardId, from));
        }

        @Override
        public void processRecords(DynamoDBStreamsProcessRecordsInput input) {
            if (input.records().isEmpty()) return;
            long markersSeen = 0;
            String last = "";
            for (DynamoDBStreamsClientRecord each : input.records()) {
                String json = StandardCharsets.UTF_8.decode(each.data()).toString();
                print("{\"shard\":\"%s\",\"record\":%s}".formatted(shardId, json));
                AttributeValue key = each.getRecord().dynamodb().keys().get("pk");
                if (key.s().startsWith(markerPrefix)) markersSeen += 1;
                last = each.sequenceNumber();
            }
            if (checkpoint(input.checkpointer())) {
                print("{\"checkpoint\":\"%s\",\"at\":\"%s\"}".formatted(shardId, last));
            }
            for (; markersSeen > 0; markersSeen -= 1) markers.countDown();
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            if (checkpoint(input.checkpointer())) print("{\"ended\":\"%s\"}".formatted(shardId));
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            checkpoint(input.checkpointer());
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            // Another worker has the shard, and begins at the checkpoint.
        }

        /** False when the lease is no longer this worker's: then the records will come again, to the worker that has it. */
        private static boolean checkpoint(RecordProcessorCheckpointer checkpointer) {
            try {
                checkpointer.checkpoint();
                return true;
            } catch (ShutdownException lost) {
                return false;
            } catch (InvalidStateException broken) {
                throw new IllegalStateException("the lease table does not work", broken);
            }
        }

        private static void print(String line) {
            synchronized (System.out) {
                System.out.println(line);
            }
        }
    }
}
